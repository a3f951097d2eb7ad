"""Where BigQuery is: Google Cloud, an emulator, or the embedded BigQuery."""
