"""What `make site ARGS=--linkcheck` says of links to other sites."""

import json
from pathlib import Path

from building.outside import FOUND, unanswered

NOBODY = "HTTPSConnectionPool(host='a.example', port=443): Max retries exceeded with url: /"


def link(status: str, info: str = "", uri: str = "https://a.example/") -> dict[str, str]:
    return {"filename": "docs/search.md", "uri": uri, "status": status, "info": info}


def said(folder: Path, *links: dict[str, str]) -> list[str]:
    (folder / FOUND).write_text("\n".join(map(json.dumps, links)))
    return unanswered(folder)


def test_links_that_work_and_links_inside_the_book_are_not_mentioned(tmp_path):
    assert said(tmp_path, link("working"), link("redirected", "https://b.example/"), link("unchecked", uri="#x")) == []


def test_a_link_that_leads_nowhere_is_named_with_what_the_other_site_says(tmp_path):
    gone = link("broken", "404 Client Error: Not Found for url: https://a.example/gone", "https://a.example/gone")
    (sentence,) = said(tmp_path, link("working"), gone)
    assert sentence.startswith("docs/search.md links to https://a.example/gone, which answers: 404 Client Error")
    assert said(tmp_path, gone) == [sentence]


def test_a_site_that_does_not_answer_is_named_in_a_few_words(tmp_path):
    sentences = said(tmp_path, link("working"), link("broken", NOBODY), link("timeout"))
    assert sentences == ["docs/search.md links to https://a.example/, which does not answer"] * 2


def test_where_nobody_answers_it_says_so_once(tmp_path):
    (sentence,) = said(tmp_path, link("broken", NOBODY), link("timeout"), link("unchecked", uri="#x"))
    assert sentence == "no other site answers: --linkcheck needs a network"
