% LaSOT's evaluation toolkit: eval_tracker.m and what it calls as they are. plot_draw_save.m draws figures, so its mean
% over the sequences whose curve is not zero everywhere is done here, line by line as it has it.
function lasot_matlab(material, checkout, output)
    addpath(fullfile(checkout, 'utils'));
    annos = [fullfile(material, 'lasot', 'annos') '/'];
    files = dir([annos '*.txt']);
    sequences = cell(1, numel(files));
    for s = 1:numel(files)
        [~, sequences{s}] = fileparts(files(s).name);
    end
    trackers = dir(fullfile(material, 'lasot', 'results'));
    found = struct();
    for t = 1:numel(trackers)
        name = trackers(t).name;
        % Overlaps that are a threshold are left out: the last bits of 0:0.05:1 are others in Octave than in MATLAB.
        if name(1) == '.' || strcmp(name, 'exact'), continue, end
        try
            found.(strrep(name, '-', '_')) = evaluate(material, annos, sequences, name);
        catch problem
            found.(strrep(name, '-', '_')) = struct('refused', problem.message);
        end
    end
    file = fopen(output, 'w');
    fputs(file, jsonencode(struct('lasot', struct('lasot', found))));
    fclose(file);
end

function found = evaluate(material, annos, sequences, name)
    work = [tempname() '/'];
    mkdir(work);
    % Where it looks for results: <folder><tracker>_tracking_result/<sequence>.txt.
    symlink(fullfile(material, 'lasot', 'results', name), [work name '_tracking_result']);
    [success, precision] = curves(work, annos, sequences, name, false);
    [~, norm] = curves(work, annos, sequences, name, true);
    found.values = struct('success_auc', mean(average(success)), 'success_rate_50', average(success)(11), ...
        'precision_20', average(precision)(21), 'norm_precision_20', average(norm)(21), ...
        'norm_precision_auc', mean(average(norm)));
    found.sequences = struct();
    for s = 1:numel(sequences)
        found.sequences.(strrep(sequences{s}, '-', '_')) = struct('success_auc', mean(success(s, :)), ...
            'precision_20', precision(s, 21), 'norm_precision_20', norm(s, 21));
    end
end

function [success, errors] = curves(work, annos, sequences, name, norm_dst)
    trackers = {struct('name', name)};
    evalc('eval_tracker(sequences, trackers, ''OPE'', {name}, work, annos, work, norm_dst);');
    overlap = load([work 'aveSuccessRatePlot_1alg_overlap_OPE.mat']);
    distance = load([work 'aveSuccessRatePlot_1alg_error_OPE.mat']);
    success = reshape(overlap.ave_success_rate_plot, numel(sequences), []);
    errors = reshape(distance.ave_success_rate_plot, numel(sequences), []);
end

function bb = average(aa)
    aa = aa(sum(aa, 2) > eps, :);
    bb = mean(aa, 1);
end
