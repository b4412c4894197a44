from llm_book.models.chat_formats import CHAT_FORMATS

conversation = [{"role": "user", "content": "What is 17 * 3?"}]
prompt = CHAT_FORMATS["qwen3"].render(conversation)
print("--- thinking: the model goes on after")
print(prompt)
print("--- not thinking: the model goes on after")
print(prompt + "<think>\n\n</think>\n\n", end="")
