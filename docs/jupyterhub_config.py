"""JupyterHub for a class. INSTRUCTORS.md explains it and says what was measured with it.

    jupyterhub -f jupyterhub_config.py

Every path below is that of the Dockerfile's image, which is also where INSTRUCTORS.md installs without Docker.
"""

c = get_config()  # noqa: F821

# The address of this machine alone. The class reaches it through a web server with HTTPS in front of the hub.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
# Whoever has an account here. Without this line, or names in `allowed_users`, JupyterHub 5 lets nobody in.
c.Authenticator.allow_all = True

c.Spawner.cmd = ["/opt/trm_nav/.venv/bin/jupyterhub-singleuser"]  # one read-only environment for all
c.Spawner.default_url = "/lab/tree/notebooks/05_diagnostics.ipynb"
c.Spawner.environment = {"OMP_NUM_THREADS": "1"}  # one thread for each kernel: as fast for models this small
# Only spawners for Docker, Kubernetes and systemd enforce these two.
c.Spawner.mem_limit = "1536M"  # lessons 04 and 05 open at once, and a margin
c.Spawner.cpu_limit = 1.0  # a press trains in one thread
# Thirty servers that start together wait for each other. By default the hub gives up after 60 and 30 seconds.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300

# A server that was idle for an hour is stopped. Its files stay; what its kernels held is lost.
c.JupyterHub.load_roles = [
    {
        "name": "cull",
        "services": ["cull"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
c.JupyterHub.services = [
    {"name": "cull", "command": ["/opt/trm_nav/.venv/bin/python", "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
