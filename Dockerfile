# orbitset with everything bpy needs, for headless machines. Build: docker build -t orbitset .
# Run: docker run --rm -u "$(id -u)" -v "$PWD:/data" orbitset render /data/recipe.yaml -o /data/out
# Add -v orbitset-cache:/var/cache/orbitset to keep imported models.
# NVIDIA GPUs: add --gpus all (Cycles brings its own CUDA and OptiX kernels).
FROM python:3.11-slim-bookworm

# X11/GL libraries bpy is linked to even without a screen; the list is renderer/blender/libraries.py.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 libgl1 libegl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/orbitset
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY renderer renderer
RUN pip install --no-cache-dir -c constraints.txt ".[metrics,ray,s3]"

# For any user (docker run -u, Kubernetes' runAsUser), who has no home here.
RUN mkdir -m 1777 /var/cache/orbitset
ENV ORBITSET_CACHE=/var/cache/orbitset MPLCONFIGDIR=/tmp/matplotlib
# NVIDIA's container runtime gives compute only, unless asked for graphics (EEVEE) as well.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
ENTRYPOINT ["orbitset"]
CMD ["--help"]
