% VOT's MATLAB toolkit: estimate_expected_overlap.m, estimate_accuracy.m, estimate_failures.m and what they call as they
% are, with region_overlap.cpp built as a mex file beside them. analyze_average_expected_overlap.m and
% analyze_accuracy_robustness.m want a workspace and keep caches, so their sums are done here as they have them, over
% the interval that was published for VOT2018; and so are those of analyze_overlap.m and of the selectors that it calls,
% for runs without resets (burn-in 0). Runs that are too short are left out: what pads them there is an error.
function vot_matlab(material, checkout, output)
    for part = {'analysis', 'sequence', 'utilities', 'tracker'}
        if exist(fullfile(checkout, part{1}), 'dir'), addpath(fullfile(checkout, part{1})); end
    end
    addpath(fullfile(fileparts(mfilename('fullpath')), 'vot_matlab_shims'));
    folder = fullfile(material, 'vot');
    sequences = read_sequences(folder);
    experiment = struct('name', 'baseline', 'type', 'supervised', 'converter', [], ...
        'parameters', struct('repetitions', 15, 'skip_initialize', 5, 'burnin', 10));
    found = of_trackers(folder, @(directory, name) evaluate(experiment, sequences, directory, name));
    folder = fullfile(material, 'free');
    sequences = read_sequences(folder);
    free = of_trackers(folder, @(directory, name) average_overlap(sequences, directory));
    file = fopen(output, 'w');
    both = struct('vot', struct('vot_official', found), 'free', struct('vot_official_ao', free));
    fputs(file, jsonencode(both));
    fclose(file);
end

function found = of_trackers(folder, scored)
    trackers = dir(fullfile(folder, 'results'));
    found = struct();
    for t = 1:numel(trackers)
        name = trackers(t).name;
        if name(1) == '.' || strcmp(name, 'short'), continue, end
        directory = fullfile(folder, 'results', name);
        try
            found.(strrep(name, '-', '_')) = scored(directory, name);
        catch problem
            found.(strrep(name, '-', '_')) = struct('refused', problem.message);
        end
    end
end

function found = average_overlap(sequences, directory)
    pooled = [];
    for s = 1:numel(sequences)
        sequence = sequences{s};
        folder = fullfile(directory, 'unsupervised', sequence.name);
        files = dir(fullfile(folder, '*.txt'));
        accuracy = nan(numel(files), sequence.length);
        for r = 1:numel(files)
            trajectory = read_trajectory(fullfile(folder, files(r).name));
            [~, frames] = estimate_accuracy(trajectory, sequence.groundtruth, 'burnin', 0, ...
                'BindWithin', [sequence.width, sequence.height]);
            accuracy(r, :) = frames;
        end
        frames = num2cell(accuracy, 1);
        overlaps = cellfun(@(frame) mean(frame(~isnan(frame))), frames);
        overlaps(isnan(overlaps)) = 0;
        pooled = [pooled, overlaps];
        found.sequences.(strrep(sequence.name, '-', '_')) = struct('average_overlap', mean(overlaps));
    end
    found.values = struct('average_overlap', mean(pooled));
end

function sequences = read_sequences(folder)
    files = dir(fullfile(folder, 'truth', '*.txt'));
    size = dlmread(fullfile(folder, 'truth', 'size.csv'));
    sequences = cell(1, numel(files));
    for s = 1:numel(files)
        [~, name] = fileparts(files(s).name);
        truth = read_trajectory(fullfile(folder, 'truth', files(s).name));
        sequences{s} = struct('name', name, 'length', numel(truth), 'width', size(1), 'height', size(2), ...
            'groundtruth', {truth}, 'values', struct('names', {{}}, 'data', []), ...
            'labels', struct('names', {{}}, 'data', []));
    end
end

function found = evaluate(experiment, sequences, directory, name)
    tracker = struct('identifier', name, 'directory', directory);
    lengths = 1:max(cellfun(@(sequence) sequence.length, sequences));
    curve = estimate_expected_overlap(tracker, experiment, sequences, 'Lengths', lengths);
    weights = zeros(size(curve));
    weights(100:356) = 1;
    valid = ~isnan(curve);
    found.values.eao = sum(curve(valid) .* weights(valid)) / sum(weights(valid));
    overlaps = [];
    failures = [];
    total = 0;
    for s = 1:numel(sequences)
        [frames, counts] = one(experiment, sequences{s}, directory);
        overlaps = [overlaps, frames];
        counts(isnan(counts)) = mean(counts(~isnan(counts)));
        failures = [failures; counts'];
        total = total + sequences{s}.length;
        label = strrep(sequences{s}.name, '-', '_');
        found.sequences.(label) = struct('accuracy', average(frames(~isnan(frames))), 'lost_number', mean(counts));
    end
    found.values.accuracy = mean(overlaps(~isnan(overlaps)));
    found.values.lost_number = mean(sum(failures, 1));
    found.values.robustness = 100 * mean(sum(failures, 1) ./ total);
end

function value = average(values)
    value = NaN;
    if ~isempty(values), value = mean(values); end
end

function [frames, failures] = one(experiment, sequence, directory)
    % As calculate_accuracy_overlap of analyze_accuracy_robustness.m.
    repeat = experiment.parameters.repetitions;
    accuracy = nan(repeat, sequence.length);
    failures = nan(repeat, 1);
    for r = 1:repeat
        folder = fullfile(directory, experiment.name, sequence.name);
        path = fullfile(folder, sprintf('%s_%03d.txt', sequence.name, r));
        if ~exist(path, 'file'), continue, end
        trajectory = read_trajectory(path);
        [~, found] = estimate_accuracy(trajectory, sequence.groundtruth, 'burnin', experiment.parameters.burnin, ...
            'BindWithin', [sequence.width, sequence.height]);
        accuracy(r, :) = found;
        failures(r) = estimate_failures(trajectory, sequence.groundtruth);
    end
    frames = nan(1, sequence.length);
    for f = 1:sequence.length
        values = accuracy(~isnan(accuracy(:, f)), f);
        if ~isempty(values), frames(f) = mean(values); end
    end
end
