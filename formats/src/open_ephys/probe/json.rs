use serde_json::{Map, Value, json};

use super::{Contact, Probe};

/// Key order is that of probeinterface's own files.
pub(super) fn geometry(probe: &Probe) -> Map<String, Value> {
    let each = |value: &dyn Fn(&Contact) -> Value| -> Value { probe.contacts.iter().map(value).collect() };
    let fields = [
        ("ndim", json!(2)),
        ("si_units", json!("um")),
        ("annotations", json!({})),
        ("contact_annotations", json!({})),
        ("contact_positions", each(&|contact| json!([contact.x, contact.y]))),
        ("contact_plane_axes", each(&|_| json!([[1.0, 0.0], [0.0, 1.0]]))),
        ("contact_shapes", each(&|_| json!("square"))),
        ("contact_shape_params", each(&|_| json!({"width": probe.contact_width}))),
        ("probe_planar_contour", json!(probe.contour)),
        ("device_channel_indices", json!((0..probe.contacts.len()).collect::<Vec<_>>())),
        ("contact_ids", each(&|contact| json!(contact.id))),
        ("shank_ids", each(&|contact| json!(contact.shank_id()))),
    ];
    let known = |key: &str| key != "probe_planar_contour" || !probe.contour.is_empty();
    fields.into_iter().filter(|(key, _)| known(key)).map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(super) fn info(probe: &Probe) -> Map<String, Value> {
    let mut info = Map::new();
    let mut put = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            info.insert(key.to_owned(), json!(value));
        }
    };
    put("name", Some(&probe.name));
    put("serial_number", Some(&probe.serial_number));
    put("manufacturer", Some("IMEC"));
    put("model_name", Some(&probe.model_name));
    put("part_number", probe.part_number.as_deref());
    put("slot", probe.slot.as_deref());
    put("dock", probe.dock.as_deref());
    put("port", probe.port.as_deref());
    put("reference", probe.reference.as_deref());
    put("ap_gain", probe.ap_gain.as_deref());
    put("lfp_gain", probe.lfp_gain.as_deref());
    info
}
