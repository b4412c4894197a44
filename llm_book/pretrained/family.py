"""A family of published models: what its files call the sizes and the weights."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

from torch import nn

from llm_book.models.causal_lm import CausalLM

# model_type in config.json -> who reads the files; imported only when it is needed.
FAMILIES = {
    "gpt2": "llm_book.pretrained.families.gpt2:GPT2Family",
    "llama": "llm_book.pretrained.families.llama:LlamaFamily",
    "qwen3": "llm_book.pretrained.families.qwen3:Qwen3Family",
    "qwen3_moe": "llm_book.pretrained.families.qwen3:Qwen3Family",
    "gemma3_text": "llm_book.pretrained.families.gemma3:Gemma3Family",
    "gemma3": "llm_book.pretrained.families.gemma3:Gemma3Family",
    "olmo3": "llm_book.pretrained.families.olmo3:Olmo3Family",
    "glm": "llm_book.pretrained.families.glm:GlmFamily",
    "glm4": "llm_book.pretrained.families.glm:GlmFamily",
    "chatglm": "llm_book.pretrained.families.glm:GlmFamily",
}


class Family:
    """Between a published folder and a model of ours; a family fills in the tables.

    Attributes:
        model: The class of the model.
        config: The class of its sizes.
        fields: Published names of sizes, and ours; a missing one is an error.
        defaults: The same, with what a file means that does not say it.
        constants: Fields that the model knows with one value only.
        kind: Fields by which other programs find their model.
        weight_names: Tables of names, one for each dialect; the first is written.
        ignored_names: Tensors in published files that are no weights, as patterns.
    """

    model: ClassVar[type[CausalLM]]
    config: ClassVar[type]
    fields: ClassVar[Mapping[str, str]]
    defaults: ClassVar[Mapping[str, tuple[str, Any]]] = {}
    constants: ClassVar[Mapping[str, Any]] = {}
    kind: ClassVar[Mapping[str, Any]] = {}
    weight_names: ClassVar[Sequence[Mapping[str, str]]]
    ignored_names: ClassVar[Sequence[str]] = ()

    @classmethod
    def read(cls, published: Mapping[str, Any]) -> Any:
        """Return the config that a config.json describes.

        Raises:
            KeyError: A field is missing.
            ValueError: A field has a value that the model does not know.
        """
        check_constants(published, cls.constants)
        return cls.config(**cls.read_sizes(published))

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes; a family with more to read extends this."""
        found = {ours: published[theirs] for theirs, ours in cls.fields.items()}
        for theirs, (ours, default) in cls.defaults.items():
            found[ours] = published.get(theirs, default)
        return found

    @classmethod
    def write(cls, config: Any) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        names = {**cls.fields, **{theirs: ours for theirs, (ours, _) in cls.defaults.items()}}
        sizes = {theirs: getattr(config, ours) for theirs, ours in names.items()}
        return {**sizes, **cls.constants, **cls.kind}


def check_constants(published: Mapping[str, Any], constants: Mapping[str, Any]) -> None:
    """Raise ValueError for a field that has another value than the only one we know."""
    for name, value in constants.items():
        if published.get(name, value) != value:
            raise ValueError(f"{name}={published[name]!r}, expected {value!r}")


def find_family(model_type: str) -> type[Family]:
    """Return the family that reads files of a type."""
    module, _, name = FAMILIES[model_type].partition(":")
    return getattr(import_module(module), name)


def family_of(model: nn.Module) -> type[Family]:
    """Return the family that a model belongs to.

    Raises:
        ValueError: It belongs to none.
    """
    for model_type in FAMILIES:
        family = find_family(model_type)
        if isinstance(model, family.model):
            return family
    raise ValueError(f"{type(model).__name__} is of no family that we can write")


def read_rope(fields: Mapping[str, Any], layer_type: str | None = None) -> dict[str, Any]:
    """Return how a config.json of any dialect turns queries and keys.

    Files on the hub have `rope_theta` beside `rope_scaling`; transformers 5 writes all of it
    as `rope_parameters`, one for each type of layer where they differ.

    Args:
        fields: The content of a config.json.
        layer_type: As "sliding_attention" in models that turn two types of layers differently.

    Returns:
        `rope_theta`, `rope_type` ("default" without scaling), and what that type needs.

    Raises:
        ValueError: `rope_parameters` is no object.
    """
    local = layer_type == "sliding_attention"
    rope = fields.get("rope_parameters")
    if rope is None:
        theta = fields.get("rope_theta", 10_000.0)  # the oldest files do not say it
        rope = {"rope_theta": fields.get("rope_local_base_freq", theta) if local else theta}
        rope |= ({} if local else fields.get("rope_scaling")) or {}
        if "partial_rotary_factor" in fields:
            rope["partial_rotary_factor"] = fields["partial_rotary_factor"]
    elif layer_type in rope:
        rope = rope[layer_type]
    if not isinstance(rope, Mapping):
        raise ValueError(f"rope_parameters={rope!r}, expected an object")
    rope_type = rope.get("rope_type", rope.get("type", "default"))
    return {name: value for name, value in rope.items() if name != "type"} | {
        "rope_type": rope_type
    }
