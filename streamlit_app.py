"""Start of the web chat: `make chat`, or `streamlit run streamlit_app.py`."""

from chat.ui.app import main

main()
