from llm_book.models.chat_formats import CHAT_FORMATS

conversation = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "And 3 + 3?"},
]
for name in ("llama2", "llama3"):
    print(f"--- {name}")
    print(CHAT_FORMATS[name].render(conversation))
