% MATLAB's imdilate for the one element that the toolkit uses: each frame that is marked marks those after it.
function out = imdilate(mask, element)
    after = sum(element) - 1;
    out = mask;
    for i = find(mask(:))'
        out(i:min(i + after, numel(mask))) = true;
    end
end
