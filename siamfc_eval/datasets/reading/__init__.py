"""What readers of several formats share: tables of numbers, JSON files, image folders, videos."""
