text = "The fox isn't lost.  The fox naps."
words = text.split()
print(words)
print(" ".join(words) == text)
