import pytest
import torch
from torch.testing import assert_close

from llm_book.models.causal_lm import count_parameters
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import MixtureOfExperts, Routing, TopKRouter


def test_a_layer_of_mixtral_by_hand(exercise):
    total, active = exercise.expert_parameters(4096, 14_336, 8, 2)
    assert total == 8 * 176_160_768 + 32_768
    assert active == 2 * 176_160_768 + 32_768


@pytest.mark.parametrize("n_shared", [0, 1])
def test_the_parameters_are_those_of_a_layer(exercise, n_shared):
    shared = GatedFeedForward(8, 12) if n_shared else None
    experts = [GatedFeedForward(8, 12) for _ in range(5)]
    layer = MixtureOfExperts(TopKRouter(8, 5, 2), experts, shared)
    total, active = exercise.expert_parameters(8, 12, 5, 2, n_shared)
    assert total == count_parameters(layer)
    for expert in (*layer.experts, *([] if shared is None else [shared])):
        expert.requires_grad_(False)
    layer(torch.randn(1, 8)).sum().backward()
    unused = 3 * count_parameters(experts[0])
    assert active == total - unused


def test_the_first_tokens_are_served_first(exercise):
    experts = torch.tensor([[0, 1], [0, 2], [0, 1], [1, 0]])
    expected = [[True, True], [True, True], [False, True], [False, False]]
    assert exercise.within_capacity(experts, 3, 2).tolist() == expected


@pytest.mark.parametrize("capacity", [1, 3, 100])
def test_no_expert_gets_more_than_its_capacity_or_less_than_it_could(exercise, capacity):
    torch.manual_seed(0)
    experts = torch.rand(40, 6).topk(2).indices
    kept = exercise.within_capacity(experts, 6, capacity)
    assert kept.shape == experts.shape
    used = experts[kept].bincount(minlength=6)
    wanted = experts.flatten().bincount(minlength=6)
    assert used.tolist() == wanted.clamp(max=capacity).tolist()


def sigmoid_router(exercise):
    torch.manual_seed(0)
    router = exercise.SigmoidRouter(4, 5, 2)
    router.weight.data = torch.randn(5, 4)
    return router


def test_without_a_bias_the_best_scores_win_and_weights_sum_to_one(exercise):
    router, x = sigmoid_router(exercise), torch.randn(7, 4)
    routing = router(x)
    scores = (x @ router.weight.T).sigmoid()
    best, experts = scores.topk(2)
    assert isinstance(routing, Routing)
    assert routing.experts.tolist() == experts.tolist()
    assert_close(routing.weights, best / best.sum(-1, keepdim=True))
    assert_close(routing.probabilities.sum(-1), torch.ones(7))


def test_the_bias_decides_who_is_chosen_but_not_the_weights(exercise):
    router, x = sigmoid_router(exercise), torch.randn(7, 4)
    router.bias[3] = 10.0
    routing = router(x)
    assert (routing.experts == 3).any(-1).all()
    scores = (x @ router.weight.T).sigmoid().gather(-1, routing.experts)
    assert_close(routing.weights, scores / scores.sum(-1, keepdim=True))


def test_the_bias_is_kept_but_not_trained(exercise):
    router = sigmoid_router(exercise)
    assert "bias" in router.state_dict()
    assert [name for name, _ in router.named_parameters()] == ["weight"]


def test_an_update_lowers_the_crowded_and_raises_the_empty(exercise):
    router = sigmoid_router(exercise)
    router.update_bias(torch.tensor([[0, 1], [0, 1], [0, 2], [0, 3], [0, 4]]), rate=0.5)
    assert router.bias.tolist() == [-0.5, 0.0, 0.5, 0.5, 0.5]


def test_updates_alone_spread_the_tokens(exercise):
    router, x = sigmoid_router(exercise), torch.randn(500, 4)
    router.weight.data[0] *= 0.1
    for _ in range(300):
        router.update_bias(router(x).experts, rate=0.01)
    counts = router(x).experts.flatten().bincount(minlength=5)
    assert counts.max() < 230
    assert counts.min() > 170
