"""The trainer in a page computes what the library computes, from the same weights, mazes and order of the samples.

The library exports them, or the page draws them from the same seeds.

Both compute in float32 and round differently, and training makes small differences grow: at the presets' learning rate
they reach a few per cent within 50 steps. Runs are therefore compared at a lower one.
"""

import math
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch.nn import functional as F
from trainer_page import TRAINER, copied, opened

from trm_nav.course.laboratory.experiment import Experiment, Stopped
from trm_nav.course.laboratory.presets import PRESETS
from trm_nav.course.web import presets
from trm_nav.course.web.export import export
from trm_nav.learning import training
from trm_nav.learning.loss import chance, count_right, policy_loss
from trm_nav.learning.training import learning_rate_factor
from trm_nav.mazes.symmetry import INVERSE, MASK_PERMUTATIONS, cell_permutations

STEPS = 50
RATE = 0.3  # of dropout
TOLERANCE = 1e-4  # relative: float32 has 6e-8, and a sum of some thousand products loses two to three digits
FEW = dict(num_train=200, num_test=100, epochs=20, lr=1e-3)
SHAPES = {
    "dense": {**PRESETS["Overfitting"], "lr": 1e-3, "num_test": 100},
    "dense, augmented": {**PRESETS["Healthy"], "lr": 1e-3, "num_train": 400, "num_test": 100},
    "dense, odd sides": dict(FEW, mixing="mlp", dim=7, depth=1, recursions=3, grid_size=5, batch_size=30),
    "3 x 3": dict(FEW, mixing="conv", dim=6, recursions=3, supervision="policy", augment=True, weight_decay=0.1),
    "cross": dict(FEW, mixing="cross", dim=8, depth=1, recursions=4, supervision="policy", grow_recursions=True),
    "wave": dict(
        FEW,
        mixing="cross",
        dim=8,
        depth=1,
        recursions=6,
        supervision="policy",
        augment=True,
        halting=True,
        random_recursions=True,
        gradient_recursions=3,
        within_reach=True,
        teacher_forcing=0.5,
    ),
    "binary wave": dict(
        FEW,
        mixing="cross",
        dim=8,
        depth=1,
        recursions=6,
        supervision="policy",
        halting=True,
        binary=True,
        teacher_forcing=0.5,
    ),
}

BUILDS = ["kernels_fused.wasm", "kernels.wasm"]  # of memory.js
# build: the kernels' file; seeded: whether the page draws mazes, weights and order itself, from the seeds among the
# settings
RUN = """async ([build, steps, seeded]) => {
    const { settings, given } = readRun(await (await fetch("/run")).arrayBuffer());
    const run = new Training(await loadKernels([build]), settings, seeded ? {} : given), losses = [];
    run.model.noise = () => 0;
    for (const { loss } of run.steps()) {
        if (loss !== undefined) losses.push(loss);
        if (losses.length === steps) break;
    }
    return { losses, history: run.history, chance: run.chance };
}"""
# masks: for every time that something is dropped, which numbers are kept
GRADIENT = """async ([build, shape, weights, tokens, optimal, agents, masks]) => {
    const model = new TinyRecursiveModel(await loadKernels([build]), shape, agents.length), numbers = model.parameters;
    numbers.load(weights);
    model.dropout.apply = (address, count) => {
        const mask = masks.shift(), hidden = model.memory.floats(address, count);
        hidden.forEach((value, index) => { hidden[index] = mask[index] * value / (1 - model.dropout.rate); });
    };
    model.noise = () => 0;
    const logits = model.forward(tokens, agents.length, {});
    const loss = policyLoss(logits, optimal, agents.length, model.logitsGradient);
    model.backward();
    const gradient = Object.entries(numbers.read("gradient")).map(([name, values]) => [name, Array.from(values)]);
    return { loss, right: countRight(logits, optimal, agents), gradient: Object.fromEntries(gradient) };
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What the server shows: the scripts of the course, and what the tests export."""
    return copied(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def page(browser, folder) -> Iterator[Page]:
    with opened(browser, folder) as page:
        yield page


@pytest.fixture(scope="module", params=SHAPES)
def trained(request) -> tuple[bytes, Experiment, list[float]]:
    """The exported start of an experiment, the experiment after its first steps, and the loss of each of them."""
    experiment, losses = Experiment(**SHAPES[request.param]), []
    start = export(experiment, epochs=math.ceil(STEPS / experiment.run.batches))
    loss_of, halting_loss_of = training.policy_loss, training.halting_loss

    def recorded(logits: Any, optimal: Any) -> Any:
        loss = loss_of(logits, optimal)
        if loss.requires_grad:
            losses.append(loss.item())
        return loss

    def added(*args: Any) -> Any:
        loss = halting_loss_of(*args)
        losses[-1] += loss.item()
        return loss

    def stop(_: float) -> None:
        if len(losses) == STEPS:
            raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "policy_loss", recorded)
        patch.setattr(training, "halting_loss", added)
        patch.setattr(torch, "randn_like", torch.zeros_like)  # the noise on binary states
        experiment.train(on_step=stop)
    return start, experiment, losses


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("build, seeded", [(BUILDS[0], False), (BUILDS[1], True)], ids=["given", "seeded"])
def test_the_first_steps_of_a_run_have_the_losses_and_its_epochs_the_history_of_the_library(
    page, folder, trained, build, seeded
):
    start, experiment, losses = trained
    (folder / "run").write_bytes(start)
    answer = page.evaluate(RUN, [build, STEPS, seeded])
    assert answer["losses"] == pytest.approx(losses, rel=TOLERANCE)
    for curve in ("train_loss", "val_loss", "lr"):
        assert answer["history"][curve] == pytest.approx(experiment.history[curve], rel=TOLERANCE)
    for curve, mazes in (("train_acc", experiment.train_set), ("val_acc", experiment.val_set)):
        ties = 2 / len(mazes)  # two logits may be equal up to rounding
        assert answer["history"][curve] == pytest.approx(experiment.history[curve], abs=ties)
    for part, values in experiment.run.chance.items():
        assert answer["chance"][part] == pytest.approx(values, rel=TOLERANCE)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDS)
def test_the_gradient_of_a_trained_model_is_the_librarys_with_dropout_too(page, monkeypatch, trained, build):
    _, experiment, _ = trained
    model, batch, masks = experiment.model.train(), experiment.run.train_samples[torch.arange(5)], []

    def drop(hidden: torch.Tensor, *_: Any) -> torch.Tensor:
        masks.append((torch.rand(hidden.shape) >= RATE).float())
        return hidden * masks[-1] / (1 - RATE)

    monkeypatch.setattr(F, "dropout", drop)
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)
    logits = model(batch.tokens)
    loss = policy_loss(logits, batch.optimal)
    model.zero_grad()
    loss.backward()
    shape = {**experiment.run.settings.plain(), "recursions": model.recursions, "dropout": RATE}
    weights = {name: value.detach().flatten().tolist() for name, value in model.named_parameters()}
    asked = [part.flatten().tolist() for part in (batch.tokens, batch.optimal, batch.agents)]
    answer = page.evaluate(GRADIENT, [build, shape, weights, *asked, [mask.flatten().tolist() for mask in masks]])
    assert answer["loss"] == pytest.approx(loss.item(), rel=TOLERANCE)
    assert abs(answer["right"] - int(count_right(logits, batch.optimal, batch.agents))) <= 1
    for name, value in model.named_parameters():
        expected = (torch.zeros_like(value) if value.grad is None else value.grad).flatten().numpy()
        assert np.linalg.norm(answer["gradient"][name] - expected) <= TOLERANCE * np.linalg.norm(expected), name


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("mixing", ["mlp", "conv", "cross"])
def test_a_pass_in_the_agents_cells_alone_has_their_logits_and_the_gradient_of_a_pass_in_all_cells(page, mixing):
    side, mazes = 5, 3
    shape = dict(grid_size=side, dim=6, depth=2, recursions=2, mixing=mixing, dropout=0)
    rng = np.random.default_rng(0)
    tokens, agents = rng.integers(0, 3, mazes * side**2), rng.integers(0, side**2, mazes)
    everywhere, alone = page.evaluate("""([shape, tokens, agents]) => [false, true].map((alone) => {
        const cells = shape.grid_size ** 2, batch = agents.length, random = uniform(0);
        const model = new TinyRecursiveModel(kernels, shape, batch), numbers = model.parameters;
        const values = model.memory.floats(numbers.values, numbers.size);
        values.forEach((_, index) => { values[index] = random() - 0.5; });
        const logits = model.forward(tokens, batch, {}, alone ? agents : null);
        const optimal = new Uint8Array(alone ? batch : batch * cells);
        agents.forEach((agent, maze) => { optimal[alone ? maze : maze * cells + agent] = 5; });
        const loss = policyLoss(logits, optimal, batch, model.logitsGradient);
        model.backward();
        return [loss, ...Object.values(numbers.read("gradient")).map((values) => Array.from(values))];
    })""", [shape, tokens.tolist(), agents.tolist()])  # fmt: skip
    assert alone[0] == pytest.approx(everywhere[0], rel=TOLERANCE)
    for one, other in zip(alone[1:], everywhere[1:], strict=True):
        assert np.linalg.norm(np.subtract(one, other)) <= TOLERANCE * np.linalg.norm(other)


@pytest.mark.browser
@pytest.mark.slow
def test_numbers_are_dropped_at_the_rate_and_the_others_enlarged(page):
    kept = page.evaluate("""() => {
        const model = new TinyRecursiveModel(kernels, { grid_size: 8, dim: 4, depth: 1, recursions: 1, mixing: "mlp",
                                                        dropout: 0.3 }, 64);
        const numbers = model.memory.floats(model.inputs, 16_383);
        model.dropout.seed(0, 0);
        return [0, 1].map(() => {
            numbers.fill(7);
            model.dropout.apply(model.inputs, numbers.length);
            return Array.from(numbers);
        });
    }""")
    first, second = np.array(kept)
    for numbers in (first, second):
        assert set(np.round(numbers, 4)) == {0, 10}
        share = (numbers == 0).mean()
        assert abs(share - 0.3) < 5 * math.sqrt(0.3 * 0.7 / len(numbers))
    assert 0.4 < ((first == 0) == (second == 0)).mean() < 0.7  # 0.58 if they are independent


@pytest.mark.browser
@pytest.mark.slow
def test_symmetries_the_schedule_and_chance_are_the_librarys(page):
    for n in (3, 8):
        tables = page.evaluate(
            """(n) => Object.values(symmetries(n)).map((tables) => tables.map((table) => Array.from(table)))""", n
        )
        cells, images, sets = map(np.array, tables)
        assert (cells == cell_permutations(n)).all() and (images == cell_permutations(n)[INVERSE]).all()
        assert (sets == MASK_PERMUTATIONS).all()
    factors = page.evaluate(
        "() => Array.from({ length: 44 }, (_, step) => [1, 7, 40].map((steps) => learningRateFactor(step, steps)))"
    )
    assert factors == [[learning_rate_factor(step, steps) for steps in (1, 7, 40)] for step in range(44)]
    rng = np.random.default_rng(0)
    optimal, agents = rng.integers(1, 32, (50, 9)).astype(np.uint8), rng.integers(0, 9, 50)
    answer = page.evaluate("(given) => chance(...given)", [optimal.flatten().tolist(), agents.tolist()])
    assert answer == pytest.approx(chance(torch.tensor(optimal), torch.tensor(agents)), rel=1e-5)


@pytest.mark.slow
def test_the_kernels_are_those_of_their_source(tmp_path):
    asc = shutil.which("asc")
    version = asc and subprocess.run([asc, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    if version != "0.28.20":
        pytest.skip("AssemblyScript 0.28.20, which builds kernels.wasm, is not installed; npm install -g has it")
    commands = (TRAINER / "kernels.ts").read_text(encoding="utf-8").split(" *     ")[1:]
    assert len(commands) == len(BUILDS)
    for command in commands:
        _, source, _, name, *options = command.split("\n")[0].split()
        subprocess.run([asc, str(TRAINER / source), "-o", str(tmp_path / name), *options], check=True)
        assert (tmp_path / name).read_bytes() == (TRAINER / name).read_bytes(), f"build {name} again; see kernels.ts"


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_without_relaxed_simd_gets_the_other_build_and_one_without_simd_a_sentence(page):
    asked, answer = page.evaluate("""async () => {
        const { validate } = WebAssembly, { fetch } = window, asked = [];
        window.fetch = (address) => {
            asked.push(String(address).split("/").at(-1));
            return fetch(address);
        };
        WebAssembly.validate = (bytes) => asked.length > 1 && validate(bytes);
        await loadKernels();
        WebAssembly.validate = () => false;
        const answer = await loadKernels().catch(({ message }) => message);
        Object.assign(WebAssembly, { validate });
        Object.assign(window, { fetch });
        return [asked, answer];
    }""")
    assert asked == BUILDS * 2 and answer.startswith("This browser cannot train: it lacks SIMD")


# Send messages to a new worker; each waits until the answers so far satisfy a condition. Returns all answers.
TALK = """async (messages) => {
    const worker = new Worker("/web/trainer/worker.js", { type: "module" }), answers = [];
    const arrived = (type, count) => new Promise((done) => {
        worker.onmessage = ({ data }) => {
            answers.push(data);
            if (answers.filter((answer) => answer.type === type).length >= count) done();
        };
        worker.onerror = ({ message }) => done(answers.push({ type: "error", message }));
        setTimeout(() => done(answers.push({ type: "error", message: "no answer" })), 60_000);
    });
    for (const [message, type, count] of messages) {
        const answer = arrived(type, count);
        worker.postMessage(message);
        await answer;
    }
    worker.terminate();
    return answers.map(({ policies, ...rest }) => rest);
}"""
LITTLE = dict(num_train=100, num_test=50, dim=4, depth=1, batch_size=50, epochs=3)


def of_type(answers: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [answer for answer in answers if answer["type"] == kind]


@pytest.mark.browser
@pytest.mark.slow
def test_the_worker_trains_to_the_end_and_the_same_seed_gives_the_same_run(page):
    start = {"type": "start", "settings": {**LITTLE, "dropout": 0.2, "augment": True}}
    first, second = (page.evaluate(TALK, [[start, "done", 1]]) for _ in range(2))
    for answers in (first, second):
        assert [answer["epoch"] for answer in of_type(answers, "point")] == [1, 2, 3]
        for point in of_type(answers, "point"):
            point["record"].pop("seconds")
    assert of_type(first, "point") == of_type(second, "point")
    (ready,), (done,) = of_type(first, "ready"), of_type(first, "done")
    assert (ready["labels"], ready["batches"], done["why"]) == (100, 2, "end")
    assert ready["parameters"] == sum(value.numel() for value in Experiment(**LITTLE).model.parameters())
    assert set(Experiment(**LITTLE).run.record()) == set(done["record"])


@pytest.mark.browser
@pytest.mark.slow
def test_a_long_first_epoch_is_measured_early_which_changes_nothing_about_the_run(page):
    long = {**LITTLE, "batch_size": 4, "epochs": 2}
    answers = page.evaluate(TALK, [[{"type": "start", "settings": long}, "done", 1]])
    early, *points = of_type(answers, "point")
    assert [point["epoch"] for point in (early, *points)] == [0, 1, 2]
    assert all(len(early["record"][curve]) == 1 for curve in ("train_loss", "train_acc", "val_loss", "val_acc"))
    assert early["record"]["val_loss"][0] > points[0]["record"]["val_loss"][0], "the network has learned since"
    stop = {"type": "stop"}
    stopped = page.evaluate(
        TALK, [[{"type": "start", "settings": {**long, "batch_size": 1}}, "point", 1], [stop, "done", 1]]
    )
    assert len(of_type(stopped, "done")[0]["record"]["val_loss"]) == 1, "what was shown is kept"
    history = page.evaluate(
        """(settings) => {
            const run = new Training(kernels, settings);
            run.earlyAfter = 0;
            Array.from(run.steps());
            return run.history;
        }""",
        early["record"]["config"],
    )
    for record in (history, last := points[-1]["record"]):
        record.pop("seconds")
    assert history == {name: last[name] for name in history}


@pytest.mark.browser
@pytest.mark.slow
def test_the_worker_stops_when_it_is_told_to_and_then_starts_another_run(page):
    long = {"type": "start", "settings": {**LITTLE, "epochs": 100_000}}
    short = {"type": "start", "settings": LITTLE}
    answers = page.evaluate(TALK, [[long, "point", 1], [{"type": "stop"}, "done", 1], [short, "done", 2]])
    assert [answer["why"] for answer in of_type(answers, "done")] == ["stopped", "end"]


@pytest.mark.browser
@pytest.mark.slow
def test_a_paused_run_takes_single_steps_with_the_learning_rate_that_was_set_last(page):
    start = {"type": "start", "settings": LITTLE, "paused": True}
    step, change = {"type": "step"}, {"type": "set", "lr": 10, "watch": 1}
    alone = page.evaluate(TALK, [[start, "ready", 1], *[[step, "step", count] for count in (1, 2, 3)]])
    changed = page.evaluate(
        TALK, [[start, "ready", 1], [step, "step", 1], [change, "policies", 1], *[[step, "step", n] for n in (2, 3)]]
    )
    losses = [[answer["loss"] for answer in of_type(answers, "step")] for answers in (alone, changed)]
    assert losses[0][:2] == losses[1][:2] and losses[0][2] != losses[1][2]
    assert [answer["epoch"] for answer in of_type(alone, "point")] == [1]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("settings, sentence", [
    ({"lr": 20}, "`lr` must be a number above 0 and up to 10, not 20."),
    ({"halting": True}, "`halting` needs `mixing=conv` or `mixing=cross`, not mlp."),
    ({"dims": 20}, "There is no setting `dims` in this page."),
    ({"dim": 4096, "recursions": 64}, "This model needs 5,"),
    ({"grid_size": 3, "num_test": 300, "obstacle_density": 0}, "There are hardly any mazes of 3 x 3 with "),
])  # fmt: skip
def test_a_mistake_is_one_sentence_and_no_run_begins(page, settings, sentence):
    answers = page.evaluate(TALK, [[{"type": "start", "settings": settings}, "error", 1]])
    (answer,) = answers
    assert answer["message"].startswith(sentence)


@pytest.mark.browser
@pytest.mark.slow
def test_a_run_that_diverges_says_so(page):
    settings = {**LITTLE, "lr": 10, "weight_decay": 100, "epochs": 300, "depth": 4}
    (done,) = of_type(page.evaluate(TALK, [[{"type": "start", "settings": settings}, "done", 1]]), "done")
    assert done["why"] == "diverged" and done["record"]["diverged"]
    assert done["message"].endswith("at learning rate 10: lower it, for example to `lr=1`.")


def test_the_settings_of_the_page_are_those_of_the_library():
    assert presets.RESULT.read_text(encoding="utf-8") == presets.text(), "run: python -m trm_nav.course.web.presets"
