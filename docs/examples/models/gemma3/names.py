from llm_book.models import gemma3, qwen3
from llm_book.models.causal_lm import published_name

norms = ("attention_norm", "attention_post_norm", "feed_forward_norm", "feed_forward_post_norm")
for norm in norms:
    for module in (qwen3, gemma3):
        try:
            name, _ = published_name(f"blocks.0.{norm}.weight", module.WEIGHT_NAMES)
        except LookupError:
            name = "–"
        family = module.__name__.split(".")[-1]
        print(f"{norm:23} {family:7} {name.removeprefix('model.layers.0.')}")
