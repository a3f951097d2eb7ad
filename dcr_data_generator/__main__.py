"""`python -m dcr_data_generator` is the same as `python -m dcr_data_generator.main`."""

from dcr_data_generator.main import run_and_exit

if __name__ == "__main__":
    run_and_exit()
