% What the toolkit's read_trajectory.cpp gives: a cell for each line, a row of numbers in each.
function trajectory = read_trajectory(path)
    lines = strsplit(strtrim(fileread(path)), "\n");
    trajectory = cellfun(@(line) str2double(strsplit(line, ',')), lines(:), 'UniformOutput', false);
end
