"""The commands by name, each with its line in `frisket --help` and examples of its use.

It stands apart from the commands' modules so that help can be shown without loading them.
"""

from __future__ import annotations

COMMANDS = {
    "cut": "cut a subject out of a layer",
    "finish": "put a cut subject on a background, with shadow and canvas",
    "video": "matte a video or an image sequence",
    "live": "show a camera cut out, on another background, in the browser",
    "batch": "cut many documents, with a journal: what was killed goes on",
    "watch": "cut what arrives in a folder",
    "review": "look at what a batch made, and decide, in the browser",
    "recipe": "write, check and show recipes for batches",
    "layers": "list the layers of a document",
    "verify": "compare two documents part by part",
    "serve": "start a server in the foreground",
    "server": "see, stop or restart the running local server",
    "models": "list, fetch, add and move models",
    "plugins": "install, remove or check the plug-ins for GIMP and Krita",
    "evaluate": "measure mattes against their truth",
    "doctor": "check the installation and the server",
    "completion": "print what lets a shell complete commands",
}

EXAMPLES = {
    "": (
        "frisket cut portrait.jpg",
        "frisket layers poster.psd",
        "frisket doctor",
    ),
    "cut": (
        "frisket cut portrait.jpg                writes portrait-cutout.png",
        "frisket cut poster.psd --layer Person   writes poster-mask.psd",
        "frisket cut photos/ -o cutouts/         every picture of a folder",
        "frisket cut a.jpg --as matte --threshold 0.5",
        "frisket cut in.psd --all-layers --as cutout -o '{dir}/{stem}-{layer}.{ext}'",
        "frisket cut a.jpg --background white --shadow drop -o shop.jpg",
        "frisket cut - < a.jpg > a.png           standard input and output",
    ),
    "finish": (
        "frisket finish cutout.png -o shop.jpg --canvas marketplace --shadow contact",
        "frisket finish a.tif --matte a-matte.tif -o a.jpg --background white --crop 5%",
        "frisket finish cutouts/ -o shop/ --background white --bits 8",
    ),
    "video": (
        "frisket video clip.mp4                       writes clip-cutout.mov",
        "frisket video clip.mp4 -o clip.webm          VP9 with alpha",
        "frisket video clip.mp4 --as matte -o mattes/m.%04d.png",
        "frisket video clip.mp4 --from 00:01:02.5 --to 00:01:10",
        "frisket video shot.%04d.png -o shot.mov",
        "frisket video clip.mp4 --background white -o clip-white.mp4",
    ),
    "live": (
        "frisket live                            the first camera, in the browser",
        "frisket live --every 2 --model selfie   for a slow machine",
        "frisket live 1 --background beach.jpg --background alpha",
        "frisket live clip.mp4                   a file as a camera",
    ),
    "batch": (
        "frisket batch photos/ -o cutouts/            the folders inside too",
        "frisket batch photos/ -o out/ --recipe shop.toml --as matte",
        "frisket batch photos/ -o out/ --redo failed  what was given up",
        "frisket batch --status out/",
        "ls *.psd | frisket batch - -o RUN.zip        names on standard input",
    ),
    "watch": (
        "frisket watch incoming/ -o cutouts/        originals stay where they are",
        "frisket watch shop/ --move --recipe shop.toml",
        "frisket watch incoming/ -o out/ --window 22:00-06:00",
        "frisket watch incoming/ -o out/ --once     what is there, and leave",
        "frisket watch shop/ --move --print-unit    a unit for systemd",
    ),
    "review": (
        "frisket review out/                      opens the page in the browser",
        "frisket review out/ --export look.html   one file, for looking elsewhere",
        "frisket review out/ --port 8765          for ssh -L 8765:127.0.0.1:8765",
    ),
    "recipe": ("frisket recipe new shop.toml", "frisket recipe check shop.toml"),
    "recipe new": ("frisket recipe new shop.toml",),
    "recipe check": ("frisket recipe check shop.toml",),
    "recipe show": ("frisket recipe show shop.toml",),
    "recipe schema": ("frisket recipe schema > recipe.schema.json",),
    "layers": ("frisket layers poster.psd", "frisket layers poster.psd --json"),
    "verify": (
        "frisket verify poster.psd poster-mask.psd",
        "frisket verify a/m.%04d.png b/m.%04d.png    frame by frame",
    ),
    "serve": (
        "frisket serve",
        "frisket serve --listen 127.0.0.1:50051 --token-file token",
    ),
    "server": ("frisket server status", "frisket server restart"),
    "server status": ("frisket server status", "frisket server status --json"),
    "server stop": ("frisket server stop",),
    "server restart": ("frisket server restart --device cpu",),
    "server log": ("frisket server log --lines 20",),
    "server top": (
        "frisket server top 9464           of a server with --metrics 9464",
        "frisket server top 9464 --once    of all since its start",
    ),
    "server load": (
        "frisket server load u2netp",
        "frisket server load embedded --pin --server 127.0.0.1:50051",
    ),
    "server unload": ("frisket server unload u2netp",),
    "server loadtest": (
        "frisket server loadtest --artists 8 --jobs 1 --seconds 60",
        "frisket server loadtest --chaos --json --server 127.0.0.1:50051",
    ),
    "models": ("frisket models list", "frisket models pull u2netp"),
    "models list": ("frisket models list", "frisket models list --json"),
    "models show": ("frisket models show embedded",),
    "models pull": ("frisket models pull u2netp",),
    "models add": ("frisket models add mine --family u2net --file mine.onnx",),
    "models remove": ("frisket models remove u2netp",),
    "models default": ("frisket models default u2netp",),
    "models export": ("frisket models export u2netp u2netp.frisket",),
    "models import": ("frisket models import u2netp.frisket",),
    "plugins": ("frisket plugins install all", "frisket plugins status"),
    "plugins install": (
        "frisket plugins install gimp",
        "frisket plugins install krita --where ~/krita-resources",
    ),
    "plugins uninstall": ("frisket plugins uninstall all",),
    "plugins status": ("frisket plugins status",),
    "plugins pack": ("frisket plugins pack dist",),
    "evaluate": ("frisket evaluate pictures/ --html worst.html",),
    "doctor": ("frisket doctor", "frisket doctor --server 192.0.2.7:50051"),
    "help": ("frisket help cut", "frisket help models pull"),
    "completion": (
        'eval "$(frisket completion bash)"      in ~/.bashrc',
        'eval "$(frisket completion zsh)"       in ~/.zshrc, after compinit',
        "frisket completion fish | source       in ~/.config/fish/config.fish",
        "frisket completion powershell | Out-String | Invoke-Expression",
    ),
}
