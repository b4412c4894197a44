import optuna

for log in (False, True):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    rates = [study.ask().suggest_float("learning_rate", 1e-4, 1e-1, log=log) for _ in range(200)]
    below = sum(rate < 1e-2 for rate in rates) / len(rates)
    name = "logarithmic" if log else "linear"
    print(f"{name:11} scale: {below:.0%} of the draws below 0.01")
