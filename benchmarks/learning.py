"""Commands that fit or count what ``infer_convert`` has learned from known nets."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command("fit-wiring")
def fit_wiring(
    nets: int = 2400, from_scratch: bool = False, refine: bool = False, jobs: int = 1, halfway: bool = False
) -> None:
    """Fit the wiring's weights on random nets and the tune split; writes infer_convert/solve/weights.json.

    --refine starts from the shipped weights and keeps near them (some minutes with --nets 900); --halfway writes the
    mean of the new fit and of what was shipped."""
    from benchmarks import fit_wiring as fitting

    steps, count = fitting.run(nets, from_scratch, refine=refine, jobs=jobs, halfway=halfway)
    typer.echo(f"{count} weights from {steps} steps")


@app.command("fit-settings")
def fit_settings(only: str = "") -> None:
    """Fit the habits of strides, paddings and windows; writes infer_convert/clues/settings/habits.json.

    --only zeros (or conv, pool, transposed) writes the weights of one group and leaves the others'."""
    from benchmarks import fit_settings as fitting

    nets, choices, families = fitting.run(only)
    typer.echo(f"{choices} choices of {nets} nets; left out, by kind of family: mean log share and accuracy")
    for family, groups in families.items():
        figures = (f"{group} {share:.3f} {right:.3f}" for group, (share, right) in groups.items())
        typer.echo(f"  {family}: {', '.join(figures)}")


@app.command("count-blocks")
def count_blocks() -> None:
    """How often residual blocks with a projection halve their maps; the odds in clues/settings/blocks.py."""
    from benchmarks.count_blocks import count

    for (net, ratio, leads), line in count().items():
        place = "first" if leads else "later"
        typer.echo(
            f"{net:10}  {ratio:6}  {place}  halved {line.halved:6.2f}  not {line.kept:6.2f}  "
            f"families {len(line.families)}"
        )


@app.command("count-maps")
def count_maps() -> None:
    """How large last maps and pictures of known classifiers are; the nats in clues/settings/final_maps.py."""
    from benchmarks.count_maps import count, halvings

    for (width, picture, places), nets in count().items():
        typer.echo(f"channels from {width:3}  picture {picture:8}  last map {places:8}  nets {nets:6.2f}")
    for (width, picture, halved), nets in halvings().items():
        typer.echo(f"channels from {width:3}  picture {picture:8}  halved {halved} times  nets {nets:6.2f}")


@app.command("count-ends")
def count_ends() -> None:
    """What known nets end in; the counts in clues/settings/same_size.py and frequencies.py."""
    from benchmarks.count_ends import count

    for line, nets in count().items():
        typer.echo(f"{line:45}  nets {nets:6.2f}")


@app.command("count-epsilons")
def count_epsilons() -> None:
    """Which epsilon known nets give their normalisations; the shares in clues/constants.py."""
    from benchmarks.count_epsilons import count

    for line, (nets, families) in count().items():
        typer.echo(f"{line:45}  nets {nets:6.2f}  families {families}")


@app.command("fit-confidence")
def fit_confidence() -> None:
    """Fit the maps from shares to probabilities on the tune split; writes infer_convert/confidence.json."""
    from benchmarks import fit_confidence as fitting

    found = list(fitting.judgements())
    fitting.write(fitting.fit(found), len(found))
    typer.echo(f"maps from {len(found)} inferences")
