import hashlib

digests = [hashlib.sha256(text) for text in (b"The fox isn't lost.", b"The fix isn't lost.")]
for digest in digests:
    print(digest.hexdigest())

first, second = (int.from_bytes(digest.digest()) for digest in digests)
print((first ^ second).bit_count(), "of 256 bits differ")
