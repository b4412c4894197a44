try:
    print("fox" * 0.5)
except TypeError as error:
    print(error)

print([ord(letter) for letter in "fox"], [ord(character) for character in "狐狸"])
