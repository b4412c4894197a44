import contextlib
import io
import tempfile

from llm_book.appendix.training_run import main

TINY = "--stories 30 --vocab-size 300 --context-length 16 --layers 1 --dim 16 --heads 2"


def attempt(flags):
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            main(["--folder", folder, *flags.split()])
    except SystemExit as end:
        message = said.getvalue().strip().partition(": ")[2].replace(folder, "runs/first")
        print(f"{end.code} {message}")


with tempfile.TemporaryDirectory() as folder:
    attempt("--resume")
    attempt(f"{TINY} --steps 4 --warmup 9")
    attempt(f"{TINY} --steps 4 --warmup 1 --show-every 4")
    attempt(f"{TINY} --steps 4")
    attempt("--resume --steps 400")
