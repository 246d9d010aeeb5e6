#!/usr/bin/env bash
# Makes .venv, with all that the package, its tests and its quickstart need. `make setup` calls it; running it again is safe.
# GPU=0 or GPU=1 overrules what is found on the machine, PYTHON=... the interpreter. VENV=... is another folder, EXTRA=...
# another extra of pyproject.toml, and PINS=... a file of further constraints.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

fail() {
    echo "error: $*" >&2
    exit 2
}

find_python() {
    local candidate
    # 3.11 first: it is the version that the package is tested with.
    for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13}; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer with the venv module was found: install one, or name it with PYTHON=..."
}

has_gpu() {
    [[ -n ${GPU:-} ]] && { [[ $GPU != 0 ]]; return; }
    [[ $(nvidia-smi -L 2>/dev/null) == *GPU* ]] || compgen -G '/dev/nvidia[0-9]*' >/dev/null
}

# On Linux the wheel that PyPI has needs gigabytes of CUDA packages. A CPU build carries a local version, as in 2.13.0+x;
# where pip sees none, uv knows the index on which PyTorch keeps them.
install_cpu_torch() {
    local version
    version=$(sed -nE 's/^torch==([0-9.]+).*/\1/p' constraints-cpu.txt)
    [[ $(uname -s) == Linux ]] || return 0
    "$venv"/bin/python -c 'import torch' 2>/dev/null && return 0
    [[ $("$venv"/bin/pip index versions torch 2>/dev/null) == *" $version+"* ]] && return 0
    echo "pip sees no CPU build of torch $version; trying PyTorch's own index"
    "$venv"/bin/pip install uv
    "$venv"/bin/uv pip install --python "$venv"/bin/python --torch-backend cpu "torch==$version" ||
        echo "warning: no CPU build of torch was found; PyPI's comes with several gigabytes of CUDA packages" >&2
}

export PIP_DISABLE_PIP_VERSION_CHECK=1
if [[ ! -x "$venv"/bin/pip ]]; then
    python=$(find_python)
    "$python" -m venv "$venv"
fi
install=("$venv"/bin/pip install ${PINS:+-c "$PINS"} -e ".[${EXTRA:-dev}]")
if has_gpu; then
    "${install[@]}"
else
    install_cpu_torch
    "${install[@]}" -c constraints-cpu.txt
fi
