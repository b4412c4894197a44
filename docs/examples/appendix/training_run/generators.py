import torch


def chance(own):
    """Draw dropout's numbers; after step 1 a sample is shown, if the reader asked for one."""
    rows = []
    for shown in (False, True):
        torch.manual_seed(0)
        drawn = []
        for step in range(3):
            drawn.append(int(torch.randint(100, ())))
            if shown and step == 1:
                torch.randint(100, (), generator=torch.Generator() if own else None)
        rows.append(drawn)
    return rows


for own in (False, True):
    unseen, shown = chance(own)
    print(f"samples with numbers of their own: {own}")
    print("  not shown", unseen, " shown", shown, " same run:", unseen == shown)
