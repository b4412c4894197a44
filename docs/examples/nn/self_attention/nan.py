import torch

from llm_book.nn.self_attention import attention_weights

mask = torch.tensor([[False, False, False], [True, True, False], [True, True, True]])


def with_infinity(queries, keys, mask):
    scores = queries @ keys.T / keys.shape[-1] ** 0.5
    return scores.masked_fill(~mask, float("-inf")).softmax(-1)


for weigh in (with_infinity, attention_weights):
    x = torch.eye(3, requires_grad=True)
    weights = weigh(x, x, mask)
    (weights @ x)[1:].sum().backward()  # the loss does not even use the padded row
    print(weigh.__name__)
    print("    first row", weights[0].tolist())
    print("    NaN in the gradient:", x.grad.isnan().any().item())
