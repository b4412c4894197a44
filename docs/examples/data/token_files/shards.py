import tempfile
from pathlib import Path

from llm_book.data.token_files import TokenFile, split_text, write_token_shards
from llm_book.tokenizers.bpe import train_bpe

END = "<|end|>"
STORIES = f"The fox isn't lost.{END}\n狐狸没有迷路。{END}\n" * 1000

if __name__ == "__main__":  # each worker imports this file and must stop here
    tokenizer = train_bpe(STORIES, vocab_size=300, special_tokens=[END])
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "stories.txt"
        text.write_text(STORIES, encoding="utf-8", newline="")
        paths = write_token_shards(
            Path(folder) / "stories",
            split_text(text, parts=3),
            tokenizer,
            allowed_special={END},
            workers=2,
        )
        shards = [TokenFile(path, tokenizer) for path in paths]
        print([(path.name, len(shard)) for path, shard in zip(paths, shards, strict=True)])
        ids = [i for shard in shards for i in shard.tokens.tolist()]
    print(ids == tokenizer.encode(STORIES, allowed_special={END}))
