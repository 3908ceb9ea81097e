"""Settings that all tests share."""

import hypothesis

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("trm_nav", deadline=None)
hypothesis.settings.load_profile("trm_nav")
