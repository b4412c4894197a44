for text in ("foxes", "foxhole", "狐狸", "🦊"):
    print(text, list(text.encode()))
