"""`parley model`: build, check and time the encoders."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.cli.distil import distil
from infra.cli.model_folder import Folder, model_settings
from infra.cli.model_measures import check, profile, scaling
from infra.cli.options import AsJson

if TYPE_CHECKING:
    from workers.modelling.encoder.build import Built
    from workers.modelling.encoder.weights import Source

app = typer.Typer(help="Build, check and time the model.", no_args_is_help=True)
app.command()(distil)

EncoderChoice = Literal["small", "large", "both"]


@app.command()
def build(
    weights: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Weights in Hugging Face BERT layout, 'package' for the distilled ones, or "
            "'original' for the pinned ones without the delta "
            "\\[default: those of the present model, else the package].",
        ),
    ] = None,
    encoder: Annotated[
        EncoderChoice,
        typer.Option(
            help="The small encoder, the large one (fetches 404 MB once, builds for minutes) in a "
            "folder of its own, the small one's name and '-large', or both."
        ),
    ] = "small",
    model_dir: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Turn weights into what the engines run; quick if nothing has changed.

    [bold]Examples[/]

        parley model build
        parley model build --encoder large
    """
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.model import make_large_model, make_model
    from shared.errors import CommandMisused

    if weights and encoder == "large":
        raise CommandMisused(
            "--from DIR names the small encoder's weights; the large one's are fixed."
        )
    settings, screen = model_settings(model_dir), progress_console(as_json=as_json)
    made: dict[Path, Built] = {}
    if encoder != "large":
        made[settings.model_folder] = make_model(settings.model_folder, screen, _source(weights))
    if encoder != "small":
        made[settings.large_model_folder] = make_large_model(settings.large_model_folder, screen)
    if as_json:
        found = [
            {"folder": str(folder), "built": built.built, "manifest": built.manifest}
            for folder, built in made.items()
        ]
        print_json(found if encoder == "both" else found[0])
        return
    for folder, built in made.items():
        _show_built(folder, built)


def _show_built(folder: Path, made: "Built") -> None:
    from infra.cli.output import print_done

    size = sum(file.bytes for file in made.manifest.files.values())
    done = "built" if made.built else "up to date"
    print_done(f"{made.manifest.source.name} {done} in {folder} ({size / 1e6:.0f} MB)")


@app.command()
def weights(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
) -> None:
    """Write the weights that are built by default as a folder in Hugging Face layout.

    [bold]Example[/]

        parley model weights student
    """
    from infra.cli.output import print_done
    from workers.modelling.encoder.weights import (
        load_weights,
        packaged_source,
        read_config,
        write_weights,
    )

    source = packaged_source()
    write_weights(source, load_weights(source, read_config(source)), target)
    print_done(f"{source.name} in {target}")


def _source(weights: str | None) -> "Source | None":
    from workers.modelling.encoder.weights import named_source

    return None if weights is None else named_source(weights)


app.command()(check)
app.command()(scaling)
app.command("crews", hidden=True)(scaling)  # its former name
app.command()(profile)
