import sys

from trm_nav.proof import certificate

sys.modules[__name__] = certificate
