# The lessons in one image: for a class on JupyterHub, for Binder (repo2docker prefers this file to environment.yml), or
# for one person:
#
#     docker build -t trm_nav .
#     docker run --rm -p 8888:8888 trm_nav     # prints the address to open; what is written is lost with the container
#
# The lessons are in /opt/trm_nav, because a hub mounts each student's own folder over the home. `make` works there.

ARG PYTHON_VERSION=3.12
FROM python:${PYTHON_VERSION}-slim

# Containers run as this user, never as root. Binder passes both arguments.
ARG NB_USER=jovyan
ARG NB_UID=1000
# PyTorch's CPU builds: with CUDA the image would be larger than Binder allows. Make reads it from the environment.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# The hub's own major version: for a hub of version 4, --build-arg JUPYTERHUB="jupyterhub>=4,<5".
ARG JUPYTERHUB="jupyterhub>=5,<6"

ENV USER=${NB_USER} \
    NB_UID=${NB_UID} \
    HOME=/home/${NB_USER} \
    TORCH_INDEX=${TORCH_INDEX} \
    PATH=/opt/trm_nav/.venv/bin:${PATH} \
    PIP_NO_CACHE_DIR=1

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /bin/bash --uid ${NB_UID} ${NB_USER} \
    && install --directory --owner=${NB_UID} /opt/trm_nav

USER ${NB_USER}
WORKDIR /opt/trm_nav

# What the installation reads comes first, so that a change in a lesson does not install everything again.
COPY --chown=${NB_UID} Makefile pyproject.toml constraints.txt README.md LICENSE ./
COPY --chown=${NB_UID} trm_nav/__init__.py trm_nav/
RUN make .venv/course.installed \
    && python -m pip install -c constraints.txt "${JUPYTERHUB}"
COPY --chown=${NB_UID} . .

EXPOSE 8888

# A hub starts jupyterhub-singleuser and Binder its own command in place of this one.
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
