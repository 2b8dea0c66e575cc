"""What ``orbitset dataset export --list`` tells of the formats that there are."""

from __future__ import annotations

from renderer.commands.terminal import out, print_json


def print_formats(as_json: bool, markdown: bool) -> None:
    """Print every format with what it needs and its options."""
    from renderer.export.format import Format
    from renderer.export.matrix import carried, description, own_options, page
    from renderer.registry import FORMATS, LABEL_KINDS

    forms = FORMATS.all()
    if markdown:
        print(page(), end="")
        return
    if as_json:
        print_json(
            {
                name: {
                    "description": description(form),
                    "needs": list(form.needs),
                    "carries": None if form.carries is None else list(form.carries),
                    "partly": dict(form.partly),
                    "labels": {kind: carried(form, kind) for kind in LABEL_KINDS.names()},
                    "options": form.Options.model_json_schema()["properties"],
                }
                for name, form in forms.items()
            }
        )
        return
    for name, form in forms.items():
        out.print(f"{name}: {description(form)}")
        for key, told in own_options(form).items():
            default = f" [default: {told['default']}]" if "default" in told else ""
            out.print(f"  --option {key}=...  {told.get('description', '')}{default}")
        out.print(f"  orbitset dataset export out/mugs --format {name} -o mugs-{name}")
    shared = Format.Options.model_json_schema()["properties"]
    out.print("every format:")
    out.print(f"  --split train=0.8,val=0.2  {shared['split']['description']}")
    out.print(f"  --by {'|'.join(shared['by']['enum'])}  {shared['by']['description']}")
