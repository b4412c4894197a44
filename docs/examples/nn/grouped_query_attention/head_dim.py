from llm_book.nn.grouped_query_attention import GroupedQueryAttention

layer = GroupedQueryAttention(1024, 16, 8, head_dim=128)  # as in Qwen3 0.6B
for name, weight in layer.named_parameters():
    print(f"{name:13}", tuple(weight.shape))

try:
    GroupedQueryAttention(1024, 16, 6)
except ValueError as error:
    print(error)
