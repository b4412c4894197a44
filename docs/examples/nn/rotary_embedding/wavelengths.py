import math

from llm_book.nn.rotary_embedding import rotary_frequencies

frequencies = rotary_frequencies(128)  # Llama 2: heads of width 128
for pair in (0, 1, 16, 32, 48, 63):
    turn = 2 * math.pi / frequencies[pair].item()
    print(f"pair {pair:2}: a turn in {turn:8,.0f} tokens, {4096 / turn:6.1f} in 4,096")
