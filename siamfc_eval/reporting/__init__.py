"""One report model, many renderings: web page, plots, tables for papers, spreadsheets and the terminal."""
