import tempfile
from pathlib import Path

from llm_book.training.search import finished, open_study, search, suggest


def objective(trial):
    settings = suggest(trial)
    return abs(settings.learning_rate - 0.01) + settings.dim / 1000


with tempfile.TemporaryDirectory() as folder:
    whole, stopped = Path(folder) / "whole.db", Path(folder) / "stopped.db"
    search(open_study(whole), objective, 6)

    search(open_study(stopped), objective, 4)
    open_study(stopped).ask()  # a fifth trial begins; then the power fails
    study = open_study(stopped)
    search(study, objective, 6)

    for trial in study.trials:
        print(trial.number, trial.state.name)
    values = [[trial.value for trial in finished(open_study(f))] for f in (whole, stopped)]
    print("the first four are equal:", values[0][:4] == values[1][:4])
