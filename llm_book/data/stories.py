"""Write short stories from a grammar that knows the exact probability of each.

A story is planned, then told. The plan draws what must stay the same to the end: who,
where, which wish, which trouble, which choice. The telling fills templates with the plan
and with fresh choices of words. Both stand in `stories.en.txt` and `stories.zh.txt` beside
this file; the notation is explained at the top of the English one.
"""

import math
import random
import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib import resources
from itertools import accumulate, islice, pairwise
from typing import Any, NamedTuple

LANGUAGES = ("en", "zh")


class Words(NamedTuple):
    """Text that stands as written, and the rule it comes from."""

    text: str
    source: str


class Recall(NamedTuple):
    """`{hero.name}`: a field of a plan variable, the same at every mention."""

    variable: str
    field: str

    @property
    def source(self) -> str:
        """Name the field as it stands in a template."""
        return f"{self.variable}.{self.field}"


class Choice(NamedTuple):
    """`{weather}`: a fresh draw; in `{act/choice.act}` the plan picks the rule."""

    rule: str
    keys: tuple[Recall, ...] = ()


Part = Words | Recall | Choice
Template = tuple[Part, ...]
Plan = dict[str, dict[str, str]]  # variable -> field -> text
Lengths = dict[str, dict[str, float]]  # variable -> field -> mean number of characters


class Rule:
    """Options, templates or the fields of a variable, and their integer weights."""

    def __init__(self, options: list[Any], weights: list[int]) -> None:
        self.options = options
        self._bounds = list(accumulate(weights))
        self.probabilities = [weight / self._bounds[-1] for weight in weights]
        log_probs = map(math.log, self.probabilities)
        self.scored = list(zip(options, log_probs, strict=True))

    def draw(self, rng: random.Random) -> Any:
        """Draw an option; integers make all machines and Python versions agree."""
        return self.options[bisect(self._bounds, int(rng.random() * self._bounds[-1]))]


def read_template(text: str, source: str, rules: dict[str, Rule]) -> Template:
    """Split a line at its braces; `{red|blue}` becomes a rule without a name."""
    parts: list[Part] = []
    for piece in filter(None, re.split(r"(\{.*?\})", text)):
        inside = piece[1:-1]
        if piece[0] != "{":
            parts.append(Words(piece, source))
        elif "|" in inside:
            options = [(Words(words, source),) for words in inside.split("|")]
            rules[source + piece] = Rule(options, [1] * len(options))
            parts.append(Choice(source + piece))
        else:
            names = inside.split("/")
            fields = tuple(Recall(*name.split(".")) for name in names if "." in name)
            rule = "/".join(name for name in names if "." not in name)
            parts.append(Choice(rule, fields) if rule else fields[0])
    return tuple(parts)


def read_fields(line: str, columns: list[str]) -> dict[str, str]:
    """Split a line of a rule with columns."""
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != len(columns):
        raise ValueError(f"{line!r} has {len(cells)}, not {len(columns)} columns {columns}")
    return dict(zip(columns, cells, strict=True))


def read_grammar(text: str) -> dict[str, Rule]:
    """Read a grammar in the notation of `stories.en.txt`."""
    rules: dict[str, Rule] = {}
    _, *sections = re.split(r"(?m)^\[(.+)\]$", text)
    for heading, body in zip(sections[::2], sections[1::2], strict=True):
        name, *columns = heading.replace(":", " ").split()
        lines = re.findall(r"(?m)^(?:\*(\d+) )?([^#\s].*)$", body)
        options = [
            read_fields(line, columns) if columns else read_template(line, name, rules)
            for _, line in lines
        ]
        rules[name] = Rule(options, [int(weight or 1) for weight, _ in lines])
    return rules


def quote(part: Recall, plan: Plan) -> str:
    """Look a field up in the plan; `They` asks for the field `they` with a capital."""
    words = plan[part.variable][part.field.lower()]
    return words[:1].upper() + words[1:] if part.field[0].isupper() else words


class Measure(NamedTuple):
    """Entropy (nats), mean length (characters) and number of texts of a part."""

    entropy: float
    length: float
    texts: int

    @staticmethod
    def of_sequence(parts: Iterable["Measure"]) -> "Measure":
        """Measure parts told one after the other: two sums and a product."""
        entropies, lengths, texts = zip(Measure(0.0, 0.0, 1), *parts, strict=True)
        return Measure(sum(entropies), sum(lengths), math.prod(texts))

    @staticmethod
    def of_choice(probabilities: list[float], options: list["Measure"]) -> "Measure":
        """Measure one of several: what the choice itself tells, and the mean of all."""
        weighted = list(zip(probabilities, options, strict=True))
        return Measure(
            entropy=sum(p * (option.entropy - math.log(p)) for p, option in weighted),
            length=sum(p * option.length for p, option in weighted),
            texts=sum(option.texts for option in options),
        )


class Reading(NamedTuple):
    """What parsing finds out about a text.

    Attributes:
        log_prob: Natural logarithm of its probability; -inf unless it is a whole story.
        plan: The plan as far as the text tells it, `{"hero.name": "Mia", …}`.
        stops_at: Index of the first character that no story has there, or `len(text)`.
        expected: Rules and fields whose words could have stood there, `{"hero.They"}`.
        surprisals: -log p(character | all before it) in nats; inf from `stops_at` on.
    """

    log_prob: float
    plan: dict[str, str]
    stops_at: int
    expected: frozenset[str]
    surprisals: list[float]


class Trail(NamedTuple):
    """A derivation, followed until the text contradicts it or one of the two ends."""

    at: int
    words: str  # what the text should have said at `at`, and the rule or field
    source: str  # that this is from; both are empty where the story is over
    log_prob: float
    plan: Plan


def follow(template: Template, rest: Any) -> Any:
    """Put a template before what is still to come: pairs, shared between branches."""
    for part in reversed(template):
        rest = (part, rest)
    return rest


def shared_length(a: str, b: str) -> int:
    """Count the characters at the start of `a` that `b` starts with as well."""
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))


def log_sum(trails: Iterable[Trail]) -> float:
    """Natural logarithm of the probability of several derivations together."""
    total = sum(math.exp(trail.log_prob) for trail in trails)
    return math.log(total) if total else -math.inf


def facts_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """List what a plan says, `("hero.name", "Mia")`."""
    for variable, fields in plan.items():
        for field, text in fields.items():
            yield f"{variable}.{field}", text


def mean_lengths(rule: Rule) -> dict[str, float]:
    """Average the length of each field over the values of a variable."""
    weighted = list(zip(rule.probabilities, rule.options, strict=True))
    return {f: sum(p * len(value[f]) for p, value in weighted) for f in rule.options[0]}


class Grammar:
    """A probabilistic grammar with a memory: the plan of the story.

    Args:
        text: Rules in the notation of `stories.en.txt`, `[plan]` and `[story]` included.

    Raises:
        ValueError: A line has more or fewer columns than the heading of its rule.
        LookupError: A rule is mentioned that the text does not have.
    """

    def __init__(self, text: str) -> None:
        self.rules = read_grammar(text)
        plan: Template = self._rule(Choice("plan"), {}).options[0]
        self._variables = {part.rule: part for part in plan if isinstance(part, Choice)}
        self._measures: dict[tuple[Any, ...], Measure] = {}
        self._relevance: dict[Choice, set[str]] = {}

    def stories(self, seed: int = 0) -> Iterator[str]:
        """Write stories without end; a seed gives the same ones on every machine."""
        rng = random.Random(seed)
        while True:
            plan: Plan = {}
            for variable in self._variables:
                plan[variable] = self._rule(self._variables[variable], plan).draw(rng)
            yield "".join(self._tell((Choice("story"),), plan, rng))

    def sample(self, n: int, seed: int = 0) -> list[str]:
        """Write the first `n` of `stories(seed)`.

        Raises:
            ValueError: `n` is negative.
        """
        if n < 0:
            raise ValueError(f"cannot write n={n} stories: n must be 0 or more")
        return list(islice(self.stories(seed), n))

    def log_prob(self, text: str) -> float:
        """Natural logarithm of the probability of a story; -inf for any other text."""
        ends = (trail for trail in self._trails(text) if not trail.source)
        return log_sum(trail for trail in ends if trail.at == len(text))

    def parse(self, text: str) -> Reading:
        """Find the plan behind a story, or where a text stops being one."""
        agreeing = [0.0] * (len(text) + 1)  # k -> probability that a story agrees to k ...
        trails: dict[int, list[Trail]] = {}
        for trail in self._trails(text):
            said = text[trail.at : trail.at + len(trail.words)]
            agrees_to = trail.at + shared_length(said, trail.words)
            agreeing[agrees_to] += math.exp(trail.log_prob)
            trails.setdefault(agrees_to, []).append(trail)
        agreeing = list(accumulate(reversed(agreeing)))[::-1]  # ... or further
        stops_at = max(trails)
        ends = [trail for trail in trails[stops_at] if not trail.source]
        facts = [set(facts_of(trail.plan)) for trail in ends or trails[stops_at]]
        return Reading(
            log_prob=log_sum(ends if stops_at == len(text) else []),
            plan=dict(sorted(set.intersection(*facts))),
            stops_at=stops_at,
            expected=frozenset(trail.source for trail in trails[stops_at]) - {""},
            surprisals=[math.log(p / q) if q else math.inf for p, q in pairwise(agreeing)],
        )

    @cached_property
    def per_story(self) -> Measure:
        """Exact entropy (nats), mean length (characters) and number of the stories.

        Two derivations of one text would count as two stories; the book's grammars have none.
        """
        return self._measure_plan(list(self._variables), {}, {})

    def entropy_per_character(self) -> float:
        """Entropy of a story by its mean length (nats): the loss no model can beat."""
        return self.per_story.entropy / self.per_story.length

    def _rule(self, choice: Choice, plan: Plan) -> Rule:
        name = "/".join((choice.rule, *(quote(key, plan) for key in choice.keys)))
        if name not in self.rules:
            raise LookupError(f"the grammar has no rule [{name}]")
        return self.rules[name]

    def _tell(self, template: Template, plan: Plan, rng: random.Random) -> Iterator[str]:
        """Say words as they stand, fields as planned, and choices by a fresh draw."""
        for part in template:
            if isinstance(part, Words):
                yield part.text
            elif isinstance(part, Recall):
                yield quote(part, plan)
            else:
                yield from self._tell(self._rule(part, plan).draw(rng), plan, rng)

    def _unplanned(self, part: Recall | Choice, plan: Plan) -> str | None:
        """Name the first variable that `part` depends on and that is still open."""
        needed = (part,) if isinstance(part, Recall) else part.keys
        for variable in (recall.variable for recall in needed):
            if variable not in plan:
                return self._unplanned(self._variables[variable], plan) or variable
        return None

    def _trails(self, text: str) -> Iterator[Trail]:
        """Follow every derivation as far as it agrees with the text, depth first.

        Every derivation is on one trail, none on two: their probabilities sum to 1.
        """
        branches: list[Any] = [(0, (Choice("story"), None), 0.0, {})]
        while branches:
            at, todo, log_prob, plan = branches.pop()
            while todo:
                part, rest = todo
                if isinstance(part, Words):
                    words = part.text
                elif variable := self._unplanned(part, plan):
                    rule = self._rule(self._variables[variable], plan)
                    for value, p in rule.scored:
                        known = {**plan, variable: value}
                        branches.append((at, todo, log_prob + p, known))
                    break
                elif isinstance(part, Choice):
                    for option, p in self._rule(part, plan).scored:
                        first = option[0]
                        if isinstance(first, Words) and not text.startswith(first.text, at):
                            yield Trail(at, *first, log_prob + p, plan)
                        else:
                            branches.append((at, follow(option, rest), log_prob + p, plan))
                    break
                else:
                    words = quote(part, plan)
                if not text.startswith(words, at):
                    yield Trail(at, words, part.source, log_prob, plan)
                    break
                at, todo = at + len(words), rest
            else:
                yield Trail(at, "", "", log_prob, plan)

    @cached_property
    def _steering(self) -> set[str]:
        """Name the variables that pick rules; the others are only quoted."""
        options = (option for rule in self.rules.values() for option in rule.options)
        choices = (p for option in options for p in option if isinstance(p, Choice))
        return {key.variable for choice in choices for key in choice.keys}

    def _measure_plan(self, unplanned: list[str], plan: Plan, lengths: Lengths) -> Measure:
        """Measure the stories that agree with what is already planned."""
        if not unplanned:
            return self._measure(Choice("story"), plan, lengths)
        first, *others = unplanned
        rule = self._rule(self._variables[first], plan)
        if first in self._steering:
            plans = [{**plan, first: value} for value in rule.options]
            followers = [self._measure_plan(others, plan, lengths) for plan in plans]
        else:  # the same follows each of its values: a mean value will do
            lengths = {**lengths, first: mean_lengths(rule)}
            followers = [self._measure_plan(others, plan, lengths)] * len(rule.options)
        return Measure.of_choice(rule.probabilities, followers)

    def _measure(self, choice: Choice, plan: Plan, lengths: Lengths) -> Measure:
        """Measure a choice, once for all plans that agree in what is relevant to it."""
        relevant = sorted(self._relevant(choice))
        key = (choice, *(id(plan.get(variable)) for variable in relevant))
        if key not in self._measures:
            rule = self._rule(choice, plan)
            options = [
                Measure.of_sequence(self._measure_part(p, plan, lengths) for p in option)
                for option in rule.options
            ]
            self._measures[key] = Measure.of_choice(rule.probabilities, options)
        return self._measures[key]

    def _measure_part(self, part: Part, plan: Plan, lengths: Lengths) -> Measure:
        if isinstance(part, Choice):
            return self._measure(part, plan, lengths)
        if isinstance(part, Recall) and part.variable in lengths:
            return Measure(0.0, lengths[part.variable][part.field.lower()], 1)
        words = part.text if isinstance(part, Words) else quote(part, plan)
        return Measure(0.0, len(words), 1)

    def _relevant(self, choice: Choice) -> set[str]:
        """Name the plan variables on which the measure of a choice may depend."""
        if choice not in self._relevance:
            relevant = {key.variable for key in choice.keys}
            names = (n for n in self.rules if f"{n}/".startswith(f"{choice.rule}/"))
            options = (option for name in names for option in self.rules[name].options)
            for part in (part for option in options for part in option):
                if isinstance(part, Choice):
                    relevant |= self._relevant(part)
                elif isinstance(part, Recall):
                    relevant.add(part.variable)
                    relevant |= self._relevant(self._variables[part.variable])
            self._relevance[choice] = relevant
        return self._relevance[choice]


class StoryGrammar(Grammar):
    """The grammar of the stories of this book.

    Args:
        language: `"en"` or `"zh"`.

    Raises:
        ValueError: The language is neither.
    """

    def __init__(self, language: str = "en") -> None:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise ValueError(f"language={language!r} is not one of {known}")
        file = resources.files("llm_book.data") / f"stories.{language}.txt"
        super().__init__(file.read_text(encoding="utf-8"))
