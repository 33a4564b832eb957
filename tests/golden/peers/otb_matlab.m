% The OTB toolkit: calcSeqErrRobust.m and calcRectInt.m of the checkout as they are. genPerfMat.m and plotDrawSave.m read
% their own list of sequences and draw figures, so what they do with the errors (count, divide, drop curves that are zero
% everywhere, average) is done here, line by line as they have it.
function otb_matlab(material, checkout, output)
    addpath(fullfile(checkout, 'util'));
    found = struct();
    found.otb = struct('otb_matlab', benchmark(fullfile(material, 'otb')));
    found.uav = struct('uav123', benchmark(fullfile(material, 'uav')));
    put(output, jsonencode(found));
end

function found = benchmark(folder)
    truth = dir(fullfile(folder, 'truth', '*.txt'));
    trackers = dir(fullfile(folder, 'results'));
    found = struct();
    for t = 1:numel(trackers)
        name = trackers(t).name;
        % Overlaps that are a threshold are left out: the last bits of 0:0.05:1 are others in Octave than in MATLAB.
        if name(1) == '.' || strcmp(name, 'exact'), continue, end
        try
            found.(strrep(name, '-', '_')) = tracker(folder, truth, name);
        catch problem
            found.(strrep(name, '-', '_')) = struct('refused', problem.message);
        end
    end
end

function found = tracker(folder, truth, name)
    overlaps = 0:0.05:1;
    distances = 0:50;
    success = zeros(numel(truth), numel(overlaps));
    precision = zeros(numel(truth), numel(distances));
    for s = 1:numel(truth)
        anno = dlmread(fullfile(folder, 'truth', truth(s).name));
        res.res = dlmread(fullfile(folder, 'results', name, truth(s).name));
        res.type = 'rect';
        res.len = size(res.res, 1);
        [~, ~, errCoverage, errCenter] = calcSeqErrRobust(res, anno);
        len = size(anno, 1);
        for i = 1:numel(overlaps)
            success(s, i) = sum(errCoverage > overlaps(i)) / (len + eps);
        end
        for i = 1:numel(distances)
            precision(s, i) = sum(errCenter <= distances(i)) / (len + eps);
        end
    end
    found.values = scores(success, precision);
    found.sequences = struct();
    for s = 1:numel(truth)
        [~, sequence] = fileparts(truth(s).name);
        found.sequences.(strrep(sequence, '-', '_')) = each(success(s, :), precision(s, :));
    end
end

function values = scores(success, precision)
    aa = success(sum(success, 2) > eps, :);
    bb = mean(aa, 1);
    values.success_auc = mean(bb);
    values.success_rate_50 = bb(11);
    aa = precision(sum(precision, 2) > eps, :);
    bb = mean(aa, 1);
    values.precision_20 = bb(21);
end

function values = each(success, precision)
    values.success_auc = mean(success);
    values.precision_20 = precision(21);
end

function put(output, text)
    file = fopen(output, 'w');
    fputs(file, text);
    fclose(file);
end
