import inspect

from llm_book.models.gemma3 import Gemma3Block
from llm_book.models.glm import GlmBlock
from llm_book.models.gpt2 import GPT2Block
from llm_book.models.llama import LlamaBlock
from llm_book.models.olmo3 import Olmo3Block
from llm_book.models.qwen3 import Qwen3Block

for block in (GPT2Block, LlamaBlock, Qwen3Block, Gemma3Block, Olmo3Block, GlmBlock):
    *_, first, last = inspect.getsource(block.forward).splitlines()
    print(f"{block.__name__}\n{first[4:]}\n{last[4:]}")
