"""Perfect mazes against the definitions: spanning trees, uniform where promised, and holes in removable walls only."""

from collections import Counter
from random import Random

import networkx as nx
import numpy as np
import pytest
from scipy.stats import chisquare

from trm_nav.mazes.lattice import SPANNING_TREES, carve, depth_first, lattice, open_holes, place, wilson

both = pytest.mark.parametrize("algorithm", SPANNING_TREES.values(), ids=SPANNING_TREES)


def as_lists(graph):
    """A networkx graph of vertices 0, 1, 2, ... as the algorithms read it."""
    return [sorted(graph[vertex]) for vertex in range(len(graph))]


def edges_of(parents):
    return frozenset(frozenset(edge) for edge in enumerate(parents) if edge[0] != edge[1])


def connected_graphs():
    """The lattices, and graphs of other shapes."""
    lattices = [nx.convert_node_labels_to_integers(nx.grid_2d_graph(k, k)) for k in (1, 2, 3, 8)]
    random = nx.connected_watts_strogatz_graph(40, 4, 0.5, seed=1)
    return [*lattices, nx.path_graph(7), nx.complete_graph(6), nx.star_graph(5), random]


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_the_lattice_is_the_grid_graph(k):
    expected = nx.convert_node_labels_to_integers(nx.grid_2d_graph(k, k), ordering="sorted")
    assert [sorted(neighbours) for neighbours in lattice(k)] == as_lists(expected)


@both
@pytest.mark.parametrize("graph", connected_graphs())
def test_parents_are_a_spanning_tree_of_any_connected_graph(algorithm, graph):
    random = Random(3).random
    for _ in range(20):
        parents = algorithm(as_lists(graph), random)
        tree = nx.Graph(edge for edge in enumerate(parents) if edge[0] != edge[1])
        tree.add_nodes_from(graph)
        assert len(tree) == len(graph) and nx.is_tree(tree)
        assert all(graph.has_edge(*edge) for edge in tree.edges)
        assert sum(vertex == parent for vertex, parent in enumerate(parents)) == 1


@pytest.mark.parametrize("graph", connected_graphs())
def test_every_edge_outside_a_depth_first_tree_joins_a_vertex_and_its_ancestor(graph):
    parents = depth_first(as_lists(graph), Random(5).random)

    def ancestors(vertex):
        found = {vertex}
        while parents[vertex] != vertex:
            vertex = parents[vertex]
            found.add(vertex)
        return found

    assert all(a in ancestors(b) or b in ancestors(a) for a, b in graph.edges)


def test_wilson_draws_each_spanning_tree_equally_often_and_depth_first_search_does_not():
    """By a chi-square test over all 192 spanning trees of the 3 x 3 lattice."""
    graph = lattice(3)
    laplacian = nx.laplacian_matrix(nx.grid_2d_graph(3, 3)).toarray()
    trees = round(np.linalg.det(laplacian[1:, 1:]))  # Kirchhoff's theorem
    assert trees == 192
    pvalues = {}
    for algorithm in (wilson, depth_first):
        random = Random(1).random
        drawn = Counter(edges_of(algorithm(graph, random)) for _ in range(100 * trees))
        assert len(drawn) <= trees
        pvalues[algorithm] = chisquare([*drawn.values(), *[0] * (trees - len(drawn))]).pvalue
    # One seed in a million would fail, should Python ever draw other numbers from it.
    assert pvalues[depth_first] < 1e-6 < pvalues[wilson]


@both
@pytest.mark.parametrize("k", [1, 2, 5, 12])
def test_the_free_cells_of_a_carved_maze_form_a_tree_with_the_lattice_on_the_even_cells(algorithm, k):
    random = Random(2).random
    parents = [algorithm(lattice(k), random) for _ in range(5)]
    walls = carve(np.array(parents))
    assert walls.shape == (5, 2 * k - 1, 2 * k - 1) and not walls[:, ::2, ::2].any() and walls[:, 1::2, 1::2].all()
    for maze, tree in zip(walls, parents, strict=True):
        free = nx.grid_2d_graph(*maze.shape)
        free.remove_nodes_from(map(tuple, np.argwhere(maze).tolist()))
        assert nx.is_tree(free)
        joined = {
            frozenset([row // 2 * k + column // 2, (row + 1) // 2 * k + (column + 1) // 2])
            for row, column in free
            if (row + column) % 2
        }
        assert joined == edges_of(tree)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.7, 1.0])
def test_holes_open_their_share_of_the_removable_walls_and_no_other_wall(share):
    perfect = carve(np.array([wilson(lattice(8), Random(seed).random) for seed in range(300)]))
    walls = perfect.copy()
    open_holes(walls, np.full(300, share, np.float32), np.random.default_rng(4))
    opened = perfect & ~walls
    assert not (walls & ~perfect).any()
    assert not opened[:, 1::2, 1::2].any()  # the pillars, which no two cells of the lattice are beside
    removable = perfect.sum() - 300 * 7**2
    assert removable == 300 * 7**2  # a tree leaves (k-1)**2 of the 2k(k-1) walls between neighbours
    assert abs(opened.sum() - share * removable) <= 5 * np.sqrt(share * (1 - share) * removable)  # standard deviations


def test_each_maze_has_its_own_share_of_holes():
    perfect = carve(np.array([wilson(lattice(3), Random(0).random)] * 4))
    walls = perfect.copy()
    open_holes(walls, np.array([0, 1, 0, 1], np.float32), np.random.default_rng(0))
    assert (walls.sum(axis=(1, 2)) == [8, 4, 8, 4]).all()


def test_a_maze_that_is_a_row_too_small_lies_in_each_corner_equally_often():
    mazes = np.zeros((4000, 3, 3), bool)
    assert (place(mazes, 3, np.random.default_rng(0)) == mazes).all()
    placed = place(mazes, 4, np.random.default_rng(0))
    assert (placed.sum(axis=(1, 2)) == 7).all()
    corners = ~np.stack([placed[:, 0, 0], placed[:, 0, 3], placed[:, 3, 0], placed[:, 3, 3]])  # (4, N)
    assert (corners.sum(axis=0) == 1).all()
    assert chisquare(corners.sum(axis=1)).pvalue > 1e-6
