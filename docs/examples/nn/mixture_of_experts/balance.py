import torch

from llm_book.nn.mixture_of_experts import load_balancing_loss

probabilities = torch.tensor([[0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.3, 0.7]])
probabilities.requires_grad_()
experts = probabilities.topk(1).indices  # 0, 0, 0, 1
loss = load_balancing_loss(probabilities, experts)
loss.backward()
print("loss", round(loss.item(), 3))
row = probabilities.grad[0].tolist()  # all rows have the same
print("gradient", [round(number, 3) for number in row])
