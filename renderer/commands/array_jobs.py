"""orbitset farm slurm and kubernetes: what starts a run as an array job, a shard a task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderer.commands.terminal import out, print_json, refuse_overwrite, warn

Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
RecipeFile = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]
Into = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        help="The dataset's folder, seen alike by every node, or s3://.",
        show_default=False,
    ),
]
Shards = Annotated[int, typer.Option(help="Number of shards.", min=1)]


def slurm(
    recipe: RecipeFile,
    output: Into,
    shards: Shards = 16,
    at_once: Annotated[int, typer.Option(help="Tasks at the same time; 0: all.", min=0)] = 0,
    cpus: Annotated[int, typer.Option(help="CPUs a task.", min=1)] = 8,
    gpus: Annotated[int, typer.Option(help="GPUs a task.", min=0)] = 0,
    memory_gb: Annotated[int, typer.Option(help="GB of memory a task.", min=1)] = 16,
    minutes: Annotated[int, typer.Option(help="Time limit of a task.", min=10)] = 240,
    partition: Annotated[str, typer.Option(help="Partition. [default: Slurm's]")] = "",
    options: Annotated[str, typer.Option(help="More options for orbitset render.")] = "",
    script: Annotated[Path, typer.Option(help="Where to write it.")] = Path("orbitset.sbatch"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite it.")] = False,
    submit: Annotated[bool, typer.Option("--submit", help="Submit it as well.")] = False,
    as_json: Json = False,
) -> None:
    """Write (and with --submit submit) a Slurm job array that renders a recipe, a shard a task.

    Tasks that are preempted or reach their time limit finish the image they are in and are queued
    anew. --submit goes through submitit, which writes a script of its own that does the same.

    Examples:
    `orbitset farm slurm mugs.yaml -o /shared/mugs --shards 64 --gpus 1`

    `orbitset farm slurm mugs.yaml -o /shared/mugs --shards 64 --at-once 16 --submit`

    """
    from renderer.commands.render import must_be_render_options
    from renderer.farm.slurm import SlurmArray, submit_array
    from renderer.recipe import load_recipe

    refuse_overwrite(script, force)
    array = SlurmArray(
        recipe=recipe.resolve(),
        output=output if "://" in output else str(Path(output).absolute()),
        shards=shards,
        at_once=at_once,
        cpus=cpus,
        gpus=gpus,
        memory_gb=memory_gb,
        minutes=minutes,
        partition=partition,
        options=options,
    )
    # A mistake is told now, not by every task.
    must_be_render_options(options)
    images = load_recipe(recipe).recipe.images
    if shards > images:
        warn(f"{shards} shards for {images} images: {shards - images} have nothing to do")
    script.write_text(array.script(), encoding="utf-8")
    job = submit_array(array, script.absolute().with_suffix("")) if submit else None
    if as_json:
        print_json({"script": str(script), "job": job})
        return
    out.print(f"wrote {script}")
    if job is None:
        out.print(f"submit it with: sbatch {script}  (or --submit), then watch it with:")
    else:
        out.print(f"submitted as job {job}; watch it with:")
    out.print(f"  orbitset farm status {array.output}")
    out.print(f"when all are done: orbitset dataset merge {array.output}")


def kubernetes(
    recipe: Annotated[str, typer.Argument(help="The recipe's path inside the container.")],
    output: Into,
    image: Annotated[str, typer.Option(help="The container image (see Dockerfile).")],
    shards: Shards = 16,
    at_once: Annotated[int, typer.Option(help="Pods at the same time; 0: all.", min=0)] = 0,
    cpus: Annotated[int, typer.Option(help="CPUs a pod.", min=1)] = 8,
    gpus: Annotated[int, typer.Option(help="NVIDIA GPUs a pod.", min=0)] = 0,
    memory_gb: Annotated[int, typer.Option(help="GB of memory a pod.", min=1)] = 16,
    claim: Annotated[str, typer.Option(help="A volume claim to mount at /data.")] = "",
    secret: Annotated[str, typer.Option(help="A secret with AWS_... variables.")] = "",
    options: Annotated[str, typer.Option(help="More options for orbitset render.")] = "",
    name: Annotated[str, typer.Option(help="The Job's name.")] = "orbitset",
    manifest: Annotated[Path, typer.Option(help="Where to write it.")] = Path("orbitset-job.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite it.")] = False,
    as_json: Json = False,
) -> None:
    """Write an indexed Kubernetes Job that renders a recipe, a shard a pod.

    Example:
    `orbitset farm kubernetes /data/mugs.yaml -o /data/mugs --claim datasets --image orbitset:0.1`

    """
    from renderer.commands.render import must_be_render_options
    from renderer.farm.kubernetes import IndexedJob

    refuse_overwrite(manifest, force)
    must_be_render_options(options)
    job = IndexedJob(
        name=name,
        image=image,
        recipe=recipe,
        output=output,
        shards=shards,
        at_once=at_once,
        cpus=cpus,
        gpus=gpus,
        memory_gb=memory_gb,
        claim=claim,
        secret=secret,
        options=options,
    )
    manifest.write_text(job.manifest(), encoding="utf-8")
    if as_json:
        print_json({"manifest": str(manifest)})
        return
    out.print(f"wrote {manifest}; start it with: kubectl apply -f {manifest}")
    out.print(f"when it is complete: orbitset dataset merge {output}")
