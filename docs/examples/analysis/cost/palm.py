from llm_book.analysis.cost import (
    attended_tokens,
    flops_utilization,
    forward_flops,
    training_flops,
)

attended = attended_tokens(2048, [None] * 118)
sizes = {"n_heads": 48, "head_dim": 256, "attended": attended}
forward = forward_flops(weights=540_000_000_000, **sizes)
for peak in (275e12, 123e12):  # a TPU v4 in bfloat16, and the older TPU v3
    used = flops_utilization(
        tokens_per_second=238_300,
        flops_per_token=training_flops(forward),
        peak=6144 * peak,
    )
    print(f"{used:.1%}")
