"""Distinct points of a space in a random order that any process can recompute, in constant memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

ROUNDS: Final = 4
_DIGEST_BITS: Final = 64


@dataclass(frozen=True)
class Permutation:
    """A random bijection of the whole numbers below `size`: a Feistel network of four rounds, walked until it is below.

    Four rounds with a random function each make a pseudo-random permutation (Luby and Rackoff 1988, theorem 1);
    walking the cycle restricts it to any size (Black and Rogaway 2002, section 3.2).

    Attributes:
        size: how many numbers there are.
        seed: which of the permutations.
    """

    size: int
    seed: int

    def __call__(self, position: int) -> int:
        """The number at a position.

        Raises:
            IndexError: there is no such position.
        """
        if not 0 <= position < self.size:
            raise IndexError(position)
        number = self._encrypted(position)
        while number >= self.size:
            number = self._encrypted(number)
        return number

    @cached_property
    def _half_bits(self) -> int:
        return max(1, ((self.size - 1).bit_length() + 1) // 2)

    def _encrypted(self, number: int) -> int:
        mask = (1 << self._half_bits) - 1
        left, right = number >> self._half_bits, number & mask
        for index in range(ROUNDS):
            left, right = right, left ^ (self._mixed(index, right) & mask)
        return left << self._half_bits | right

    def _mixed(self, index: int, value: int) -> int:
        """Pseudo-random bits, at least as many as half a number has."""
        bits, part, mixed = 0, 0, 0
        while bits < self._half_bits:
            text = f"{self.seed}:{index}:{part}:{value}".encode()
            mixed = mixed << _DIGEST_BITS | int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
            bits, part = bits + _DIGEST_BITS, part + 1
        return mixed
