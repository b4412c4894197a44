import pytest
import torch
from torch.testing import assert_close

from llm_book.models.glm import CHATGLM3_6B, Glm
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.rotary_embedding import RotaryEmbedding

D, DISTANCES = 16, 12


def test_the_parts_are_those_of_chatglm3(exercise):
    with torch.device("meta"):
        attention = Glm(CHATGLM3_6B).blocks[0].attention
    parts = exercise.split_query_key_value(torch.empty(4608, 4096, device="meta"), 32, 2)
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    assert [part.shape for part in parts] == [part.weight.shape for part in projections]


@pytest.mark.parametrize("shape", [(24, 5), (24,)], ids=["weight", "bias"])
def test_the_rows_keep_their_order(exercise, shape):
    joined = torch.randn(shape)
    queries, keys, values = exercise.split_query_key_value(joined, 4, 1)
    assert [len(part) for part in (queries, keys, values)] == [16, 4, 4]
    assert torch.equal(torch.cat([queries, keys, values]), joined)


def test_rows_that_are_no_whole_heads_are_refused(exercise):
    with pytest.raises(ValueError, match="25"):
        exercise.split_query_key_value(torch.empty(25, 5), 4, 1)


@pytest.mark.parametrize("turning", [8, 16])
def test_the_scores_are_those_of_tokens_that_say_nothing(exercise, turning):
    torch.manual_seed(0)
    rotary = RotaryEmbedding(turning, interleaved=True)
    attention = GroupedQueryAttention(D, 1, 1, rotary=rotary, qkv_bias=True)
    q_bias, k_bias = torch.randn(2, D)
    attention.q_proj.bias.data, attention.k_proj.bias.data = q_bias, k_bias
    # Values that tell the tokens apart: then what comes out is the row of weights.
    attention.o_proj.weight.data = torch.eye(D)
    attention.v_proj.weight.data, attention.v_proj.bias.data = torch.eye(D), torch.zeros(D)
    attention.q_proj.weight.data.zero_()
    attention.k_proj.weight.data.zero_()
    weights = attention(torch.eye(D)[None, :DISTANCES], torch.arange(DISTANCES))[0, -1]
    scores = exercise.scores_by_distance(q_bias, k_bias, rotary, DISTANCES)
    assert scores.shape == (DISTANCES,)
    assert_close(scores.flip(0).softmax(0), weights[:DISTANCES], rtol=1e-4, atol=1e-5)


def test_without_rotation_all_distances_are_alike(exercise):
    biases = torch.zeros(2, D)
    biases[:, 8:] = 1.0  # only features that stay
    scores = exercise.scores_by_distance(*biases, RotaryEmbedding(8, interleaved=True), DISTANCES)
    assert_close(scores, torch.full((DISTANCES,), 8 / D**0.5))
