"""What the page Triage is for, and what it is not for."""

from __future__ import annotations

import streamlit as st


def notice() -> None:
    """Say it in a line, with the rest behind a button."""
    with st.popover("What this page is for", key="triage_notice", icon=":material/info:", type="tertiary"):
        st.markdown(
            "For listings: goods, services and posts that a policy allows or forbids. A case is decided by a person; "
            "no model decides alone.\n\n"
            "**Not for child abuse material.** Do not bring it here: possessing it is a crime, and viewing it harms. "
            "Use hash matching (PhotoDNA, or PDQ in Meta's Hasher-Matcher-Actioner) at your platform, and report what "
            "you come across to a hotline: NCMEC's CyberTipline in the USA, elsewhere a member of INHOPE.\n\n"
            "Pictures come blurred. The pictures of items decided as *severe* are deleted from the workspace."
        )
