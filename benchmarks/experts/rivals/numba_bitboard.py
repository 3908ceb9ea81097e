"""Breadth-first search in the bits of machine words, compiled by Numba."""

import numba
import numpy as np
from numba import njit, prange


def numba_bitboard(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """One word holds an 8 x 8 maze; in a larger maze one word holds a row. n is a multiple of 8, at most 64."""
    optimal, words, sets = _as_words(walls)
    (_bitboard if walls.shape[1] == 8 else _bit_rows)(words, goals, sets, 0, len(walls))
    return optimal


def numba_bitboard_threads(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The same with two threads."""
    optimal, words, sets = _as_words(walls)
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    (_bitboard_parallel if walls.shape[1] == 8 else _bit_rows_parallel)(words, goals, sets, 2)
    return optimal


def _as_words(walls: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New labels uint8 (N, n, n); walls and labels as words of eight cells each: uint64 (N, n, n/8)."""
    optimal = np.empty(walls.shape, np.uint8)
    return optimal, np.ascontiguousarray(walls).view(np.uint64), optimal.view(np.uint64)


U64 = np.uint64
GATHER = U64(0x0102040810204080)  # times eight bytes of 0 or 1: the top byte collects them as its bits
NOT_LEFT, NOT_RIGHT = U64(0xFEFEFEFEFEFEFEFE), U64(0x7F7F7F7F7F7F7F7F)  # masks of all cells but the first, last column
# SPREAD[byte]: eight bytes, one for each bit of this byte.
SPREAD = np.unpackbits(np.arange(256, dtype=np.uint8), bitorder="little").view(np.uint64)
LANES = 32  # mazes searched in lockstep; values from 8 to 64 were tried


@njit(nogil=True, cache=True, inline="always")
def _spread(up, down, left, right, shift):
    """The sets of eight cells, one byte each, from four words with one bit for each cell."""
    byte = U64(255)
    return (
        SPREAD[up >> shift & byte]
        | SPREAD[down >> shift & byte] << U64(1)
        | SPREAD[left >> shift & byte] << U64(2)
        | SPREAD[right >> shift & byte] << U64(3)
    )


@njit(nogil=True, cache=True)
def _bitboard(walls, goals, sets, first, last):
    """Label the 8 x 8 mazes first .. last - 1; bit 8 * row + column of a word is a cell.

    LANES mazes are searched in lockstep, which the compiler turns into vector instructions.
    """
    wave, unseen = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    up, down = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    left, right = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    for start in range(first, last, LANES):
        mazes = min(LANES, last - start)
        wave[:] = unseen[:] = up[:] = down[:] = left[:] = right[:] = U64(0)
        for i in range(mazes):
            maze = start + i
            wall = U64(0)
            for row in range(8):
                wall |= (walls[maze, row, 0] * GATHER >> U64(56)) << U64(8 * row)
            wave[i] = U64(1) << U64(8 * goals[maze, 0] + goals[maze, 1])
            unseen[i] = ~(wall | wave[i])
        moving = U64(1)
        while moving:
            moving = U64(0)
            for i in range(LANES):
                below, above = wave[i] << U64(8), wave[i] >> U64(8)
                right_of, left_of = wave[i] << U64(1) & NOT_LEFT, wave[i] >> U64(1) & NOT_RIGHT
                new = (below | above | right_of | left_of) & unseen[i]
                unseen[i] ^= new
                wave[i] = new
                moving |= new
                up[i] |= new & below
                down[i] |= new & above
                left[i] |= new & right_of
                right[i] |= new & left_of
        for i in range(mazes):
            maze = start + i
            for row in range(8):
                sets[maze, row, 0] = _spread(up[i], down[i], left[i], right[i], U64(8 * row))
            sets[maze, goals[maze, 0], 0] |= U64(16) << U64(8 * goals[maze, 1])


@njit(nogil=True, cache=True)
def _bit_rows(walls, goals, sets, first, last):
    """Label the mazes first .. last - 1; bit `column` of word `row` is a cell."""
    n = walls.shape[1]
    inside = ~U64(0) >> U64(64 - n)
    wave, new, unseen = (
        np.zeros(n + 2, np.uint64),
        np.zeros(n, np.uint64),
        np.zeros(n, np.uint64),
    )  # the wave has a border
    up, down = np.empty(n, np.uint64), np.empty(n, np.uint64)
    left, right = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for maze in range(first, last):
        wave[:] = up[:] = down[:] = left[:] = right[:] = U64(0)
        for row in range(n):
            wall = U64(0)
            for byte in range(n // 8):
                wall |= (walls[maze, row, byte] * GATHER >> U64(56)) << U64(8 * byte)
            unseen[row] = ~wall & inside
        goal_row, goal_column = goals[maze]
        wave[goal_row + 1] = U64(1) << U64(goal_column)
        unseen[goal_row] ^= wave[goal_row + 1]
        moving = U64(1)
        while moving:
            moving = U64(0)
            for row in range(n):
                below, above = wave[row], wave[row + 2]
                right_of, left_of = wave[row + 1] << U64(1), wave[row + 1] >> U64(1)
                found = (below | above | right_of | left_of) & unseen[row]
                unseen[row] ^= found
                new[row] = found
                moving |= found
                up[row] |= found & below
                down[row] |= found & above
                left[row] |= found & right_of
                right[row] |= found & left_of
            wave[1:-1] = new
        for row in range(n):
            for byte in range(n // 8):
                sets[maze, row, byte] = _spread(up[row], down[row], left[row], right[row], U64(8 * byte))
        sets[maze, goal_row, goal_column // 8] |= U64(16) << U64(8 * (goal_column % 8))


@njit(parallel=True, cache=True)
def _bitboard_parallel(walls, goals, sets, threads):
    for part in prange(threads):
        _bitboard(walls, goals, sets, len(walls) * part // threads, len(walls) * (part + 1) // threads)


@njit(parallel=True, cache=True)
def _bit_rows_parallel(walls, goals, sets, threads):
    for part in prange(threads):
        _bit_rows(walls, goals, sets, len(walls) * part // threads, len(walls) * (part + 1) // threads)
