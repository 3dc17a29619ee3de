"""What an agent may take of a study: tokens, money, seconds, and architectures costed on its behalf."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.search.agent.exchange import Spent


@dataclass(frozen=True, slots=True)
class Budget:
    """For the whole study, over all its runs. Prices are per million tokens, in the currency of `money`."""

    tokens: int
    time_s: float
    costed: int
    money: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0

    def exceeded(self, spent: Spent, tokens_in: int) -> str:
        """Which part would not bear another question of so many tokens, in words; empty where all would."""
        if spent.tokens + tokens_in >= self.tokens:
            return f"its budget of {self.tokens} tokens is spent"
        if spent.seconds >= self.time_s:
            return f"its budget of {self.time_s:g} s is spent"
        if self.money is not None and self.price(spent.tokens_in + tokens_in, spent.tokens_out) >= self.money:
            return f"its budget of {self.money:g} in money is spent"
        return ""

    def answer_tokens(self, spent: Spent, tokens_in: int, most: int) -> int:
        """How long the answer may be: `most`, or what tokens and money leave of it; at least 1."""
        left = min(most, self.tokens - spent.tokens - tokens_in)
        if self.money is not None and self.price_out > 0:
            rest = self.money - self.price(spent.tokens_in + tokens_in, spent.tokens_out)
            left = min(left, int(rest * 1e6 / self.price_out))
        return max(1, left)

    def price(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6
