% The toolkit's settings: since 2016 its workspaces draw regions by the new rule and cut overlaps to the image.
function value = get_global_variable(name, default)
    switch name
        case 'legacy_rasterization', value = false;
        case 'bounded_overlap', value = true;
        otherwise, value = default;
    end
end
