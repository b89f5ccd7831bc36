use serde_json::{Map, Value, json};

use super::{Contact, Probe, converter::converter};

/// Key order is that of probeinterface's own files.
pub(super) fn geometry(probe: &Probe) -> Map<String, Value> {
    let each = |value: &dyn Fn(&Contact) -> Value| -> Value { probe.contacts.iter().map(value).collect() };
    let fields = [
        ("ndim", json!(2)),
        ("si_units", json!("um")),
        ("annotations", json!({})),
        ("contact_annotations", Value::Object(turns(probe))),
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

/// When each contact is converted, and by which converter; nothing where the part is not known.
fn turns(probe: &Probe) -> Map<String, Value> {
    let turn = |contact: &Contact| converter(probe.part_number.as_deref())?.multiplexer.turn(contact.channel);
    let turns: Option<Vec<_>> = probe.contacts.iter().map(turn).collect();
    let turns = turns.filter(|turns| !turns.is_empty()).into_iter().flat_map(|turns| {
        let groups: Value = turns.iter().map(|turn| turn.converter).collect();
        let orders: Value = turns.iter().map(|turn| turn.order).collect();
        [("adc_group".to_owned(), groups), ("adc_sample_order".to_owned(), orders)]
    });
    turns.collect()
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
    // As numbers, under the names of probeinterface 0.4.
    let mut put = |key: &str, value: Option<f64>| {
        let number = |value: f64| if value.fract() == 0.0 { json!(value as i64) } else { json!(value) };
        info.extend(value.map(|value| (key.to_owned(), number(value))));
    };
    let converter = converter(probe.part_number.as_deref());
    put("ap_gain", probe.ap_gain_factor());
    put("lf_gain", probe.lf_gain_factor());
    put("adc_bit_depth", converter.map(|its| its.bits.into()));
    put("adc_range_vpp", converter.map(|its| its.range));
    put("ap_sample_frequency_hz", converter.map(|its| its.ap_hz));
    put("lf_sample_frequency_hz", converter.map(|its| its.lf_hz));
    put("num_readout_channels", converter.map(|its| its.channels as f64));
    put("num_adcs", converter.map(|its| its.multiplexer.converters.into()));
    put("num_channels_per_adc", converter.map(|its| its.multiplexer.steps.into()));
    info
}
