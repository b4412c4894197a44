import hashlib

from llm_book.exercises.data.corpus_solution import sha256_of_chunks

published = "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad"
print(hashlib.sha256(b"abc").hexdigest() == published.replace(" ", ""))
print(sha256_of_chunks([b"a", b"bc"]) == published.replace(" ", ""))
