from llm_book.models.chat_formats import CHAT_FORMATS

conversation = [
    {"role": "system", "content": "Answer in the language of the question."},
    {"role": "user", "content": "How do I say moon in Chinese?"},
    {"role": "assistant", "content": "月亮 (yuèliang)"},
    {"role": "user", "content": "那太阳呢？"},
]
for name in ("chatglm3", "glm4"):
    print(f"--- {name}")
    print(CHAT_FORMATS[name].render(conversation))
