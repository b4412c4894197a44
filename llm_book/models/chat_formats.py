"""How the chat models of the families see a conversation, as data with its source.

A model that was tuned on one format knows no other: a missing newline is a text that it has
never seen. The words of a user must not become special tokens, and so the two are kept apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llm_book.tokenizers.bpe import BPETokenizer, split_special
from llm_book.tokenizers.character_bpe import CharacterBPETokenizer

Message = Mapping[str, str]  # "role" and "content"


@dataclass(frozen=True, kw_only=True)
class ChatFormat:
    """What stands around the messages of a conversation.

    Args:
        start: Stands once, in front of everything.
        around: For each role, what stands before a message of it, and what behind.
        reply: Stands at the end and asks for an answer.
        stop: Tokens that end an answer.
        special_tokens: With the ids that they have in the published vocabulary.
        source: Where the format is published.
        default_system: The system message of a conversation that has none.
        system_in_user: How the system message joins the first question, where it has no turn.
        strip: Take white space off the ends of a message.
    """

    start: str = ""
    around: Mapping[str, tuple[str, str]]
    reply: str = ""
    stop: tuple[str, ...]
    special_tokens: Mapping[str, int]
    source: str
    default_system: str = ""
    system_in_user: str = ""
    strip: bool = False

    def render(self, messages: Sequence[Message]) -> str:
        """Return the text that the model goes on from.

        Raises:
            ValueError: The last message asks for no answer, a role has no place, or no question
                follows a system message that has to join it.
        """
        return "".join(text for text, _ in self._pieces(messages))

    def encode(
        self, messages: Sequence[Message], tokenizer: BPETokenizer | CharacterBPETokenizer
    ) -> list[int]:
        """Return the ids of `render`, with special tokens only where the format has them."""
        ids: list[int] = []
        ordinary = ""
        for text, is_content in self._pieces(messages):
            special = frozenset() if is_content else frozenset(self.special_tokens)
            for place, part in enumerate(split_special(text, special)):
                if place % 2:
                    ids += [*tokenizer.encode(ordinary), tokenizer.special_tokens[part]]
                    ordinary = ""
                else:
                    ordinary += part
        return ids + tokenizer.encode(ordinary)

    def _pieces(self, messages: Sequence[Message]) -> Iterator[tuple[str, bool]]:
        """Yield the text piece by piece, and whether a piece is what somebody wrote."""
        turns = [(message["role"], message["content"]) for message in messages]
        if not turns or turns[-1][0] not in ("user", "observation"):
            raise ValueError("the last message of a conversation must be from the user")
        if self.default_system and turns[0][0] != "system":
            turns.insert(0, ("system", self.default_system))
        before_question = ""
        if self.system_in_user and turns[0][0] == "system":
            before_question = self.system_in_user.format(turns.pop(0)[1])
            if turns[0][0] != "user":
                follower = turns[0][0]
                raise ValueError(
                    f"a system message joins the user's first, but {follower!r} follows it"
                )
        if self.strip:  # but never a system message that joins a question
            turns = [(role, content.strip()) for role, content in turns]
        yield self.start, False
        for place, (role, content) in enumerate(turns):
            if role not in self.around or (role == "system" and place > 0):
                raise ValueError(f"a message from {role!r} has no place there: {content[:40]!r}")
            before, behind = self.around[role]
            yield before, False
            yield before_question + content, True
            yield behind, False
            before_question = ""
        yield self.reply, False


ROLES = ("system", "user", "assistant")
CHATML = {role: (f"<|im_start|>{role}\n", "<|im_end|>\n") for role in ROLES}
GLM_ROLES = (*ROLES, "observation")  # what a tool returns

CHAT_FORMATS = {
    "llama2": ChatFormat(
        around={"user": ("<s>[INST] ", " [/INST]"), "assistant": (" ", " </s>")},
        system_in_user="<<SYS>>\n{}\n<</SYS>>\n\n",
        stop=("</s>",),
        special_tokens={"<s>": 1, "</s>": 2},
        strip=True,
        source="https://github.com/meta-llama/llama/blob/main/llama/generation.py",
    ),
    "llama3": ChatFormat(
        start="<|begin_of_text|>",
        around={
            role: (f"<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>")
            for role in ROLES
        },
        reply="<|start_header_id|>assistant<|end_header_id|>\n\n",
        stop=("<|eot_id|>", "<|end_of_text|>"),
        special_tokens={
            "<|begin_of_text|>": 128_000,
            "<|end_of_text|>": 128_001,
            "<|start_header_id|>": 128_006,
            "<|end_header_id|>": 128_007,
            "<|eot_id|>": 128_009,
        },
        strip=True,
        source="https://github.com/meta-llama/llama3/blob/main/llama/tokenizer.py",
    ),
    "qwen3": ChatFormat(
        around=CHATML,
        reply="<|im_start|>assistant\n",
        stop=("<|im_end|>", "<|endoftext|>"),
        special_tokens={"<|endoftext|>": 151_643, "<|im_start|>": 151_644, "<|im_end|>": 151_645},
        source="https://huggingface.co/Qwen/Qwen3-0.6B/blob/main/tokenizer_config.json",
    ),
    "gemma3": ChatFormat(
        start="<bos>",
        around={
            "user": ("<start_of_turn>user\n", "<end_of_turn>\n"),
            "assistant": ("<start_of_turn>model\n", "<end_of_turn>\n"),
        },
        system_in_user="{}\n\n",
        reply="<start_of_turn>model\n",
        stop=("<end_of_turn>", "<eos>"),
        special_tokens={"<eos>": 1, "<bos>": 2, "<start_of_turn>": 105, "<end_of_turn>": 106},
        strip=True,
        source="https://ai.google.dev/gemma/docs/core/prompt-structure",
    ),
    "olmo3": ChatFormat(
        around=CHATML,
        reply="<|im_start|>assistant\n",
        stop=("<|im_end|>", "<|endoftext|>"),
        special_tokens={"<|endoftext|>": 100_257, "<|im_start|>": 100_264, "<|im_end|>": 100_265},
        default_system="You are a helpful function-calling AI assistant. You do not currently "
        "have access to any functions. <functions></functions>",
        source="https://huggingface.co/allenai/Olmo-3-7B-Instruct/blob/main/chat_template.jinja",
    ),
    "chatglm3": ChatFormat(
        start="[gMASK]sop",
        # The space is the mark with which SentencePiece begins every text that it encodes.
        around={role: (f"<|{role}|>\n ", "") for role in GLM_ROLES},
        reply="<|assistant|>",
        stop=("</s>", "<|user|>", "<|observation|>"),
        special_tokens={
            "</s>": 2,
            "[gMASK]": 64_790,
            "sop": 64_792,
            "<|system|>": 64_794,
            "<|user|>": 64_795,
            "<|assistant|>": 64_796,
            "<|observation|>": 64_797,
        },
        source="https://github.com/zai-org/ChatGLM3/blob/main/PROMPT.md",
    ),
    "glm4": ChatFormat(  # as GLM-4-0414 is published; before it, the last newline was not there
        start="[gMASK]<sop>",
        around={role: (f"<|{role}|>\n", "") for role in GLM_ROLES},
        reply="<|assistant|>\n",
        stop=("<|endoftext|>", "<|user|>", "<|observation|>"),
        special_tokens={
            "<|endoftext|>": 151_329,
            "[gMASK]": 151_331,
            "<sop>": 151_333,
            "<|system|>": 151_335,
            "<|user|>": 151_336,
            "<|assistant|>": 151_337,
            "<|observation|>": 151_338,
        },
        source="https://huggingface.co/zai-org/GLM-4-9B-0414/blob/main/chat_template.jinja",
    ),
}
