"""The hub of docs/jupyterhub_config.py as it is measured: without root, on ports of its own, in a folder of its own.

Only for measuring: every name may log in with one password, and all servers run as the same user of the system.
"""

import json
import os

c = get_config()  # noqa: F821
given = json.loads(os.environ.pop("CLASSROOM_HUB"))
load_subconfig(given["config"])  # noqa: F821

c.JupyterHub.bind_url = given["address"]
c.JupyterHub.hub_bind_url = given["hub_address"]
c.ConfigurableHTTPProxy.api_url = given["proxy_address"]
c.ConfigurableHTTPProxy.command = [given["proxy"]]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = given["homes"] + "/{username}"
c.Spawner.cmd = [given["bin"] + "/jupyterhub-singleuser"]
if os.geteuid() == 0:  # as a container's root; a server refuses that unless it is told
    c.Spawner.args = ["--allow-root"]
for service in c.JupyterHub.services:
    service["command"][0] = given["bin"] + "/python"
