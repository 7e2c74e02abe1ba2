"""Concepts of the lungs and pleura, and statements about the whole exam."""

from radray.language.lexicon.concept import ACR, CHEXPERT, FLEISCHNER, OPENI, RADLEX, USAGE, Concept, concept

LUNGS: tuple[Concept, ...] = (
    # statements about the whole exam
    concept(
        "no_finding",
        "no finding",
        "normal chest|normal chest exam|normal chest examination|normal chest radiograph|normal chest film"
        "|normal chest x ray|normal chest xray|normal exam|normal examination|normal study|normal radiograph"
        "|normal radiographs|normal film|normal mri|normal ct|normal ultrasound|negative chest|negative exam"
        "|negative examination|negative study|negative chest radiograph|negative chest x ray|unremarkable chest"
        "|unremarkable exam|unremarkable examination|unremarkable study|unremarkable radiograph|chest is normal"
        "|chest is unremarkable|chest is negative|exam is normal|examination is normal|study is normal",
        source=CHEXPERT,
        normal=True,
    ),
    concept(
        "abnormality",
        "abnormality that is not named",
        "abnormality|acute process|active process|acute disease|active disease|acute finding|significant finding"
        "|abnormal finding|acute cardiopulmonary process|acute cardiopulmonary disease|acute pulmonary process"
        "|acute pulmonary disease|active cardiopulmonary disease|active pulmonary disease"
        "|acute cardiopulmonary finding|acute pulmonary finding|acute pathology|acute cardiopulmonary pathology"
        "|acute intrathoracic process|acute intrathoracic disease|acute intrathoracic finding"
        "|acute intrathoracic pathology|acute chest disease|acute osseous finding|acute bony finding"
        "|acute cardiac disease|acute infectious process|active cardiopulmonary process|cardiopulmonary disease"
        "|acute radiographic cardiopulmonary process|acute intracranial process|acute intracranial pathology"
        "|acute intraabdominal process|acute abdominal process|acute injury|acute traumatic injury|acute complication"
        "|acute change|active infiltrate or disease|acute visualized cardiopulmonary disease|significant pathology"
        "|active lung disease|acute lung disease|acute cardio pulmonary disease|acute cardio pulmonary process"
        "|active chest disease|suspicious finding",
        source=USAGE,
    ),
    # lungs
    concept(
        "lung_opacity",
        "lung opacity",
        "opacity|lung opacity|pulmonary opacity|opacification|opacified|density|increased opacity|increased density"
        "|hazy density|haziness|decreased translucency|parenchymal opacity|ground glass|ground glass opacity"
        "|focal density|focal opacity|streaky opacity|patchy opacity|parenchymal density|whiteout|white out|opaque"
        "|pulmonary abnormality|parenchymal abnormality|lung disease|parenchymal disease|pulmonary disease|shadowing"
        "|pulmonary parenchymal abnormality|focal lung disease|pulmonary process|parenchymal process",
        source=CHEXPERT,
        pairs="lungs~hazy",
    ),
    concept(
        "airspace_disease",
        "airspace disease",
        "airspace disease|air space disease|alveolar disease|airspace opacity|air space opacity|alveolar opacity"
        "|airspace process|air space process|alveolar process|airspace filling process|air space abnormality"
        "|airspace abnormality|airspace opacification|air space opacification|airspace density|air space density",
        parents="lung_opacity",
        source=OPENI,
    ),
    concept(
        "consolidation",
        "consolidation",
        "consolidation|consolidate|consolidated|consolidative|airspace consolidation|air space consolidation"
        "|air bronchogram|consolidative opacity|consolidative process|alveolar consolidation|lobar consolidation"
        "|focal consolidation",
        parents="airspace_disease",
        source=CHEXPERT,
    ),
    concept(
        "infiltrate",
        "infiltrate",
        "infiltrate|infiltration|pulmonary infiltrate|infiltrative process|lung infiltrate|airspace infiltrate"
        "|alveolar infiltrate|parenchymal infiltrate|interstitial infiltrate",
        parents="lung_opacity",
        source=CHEXPERT,
    ),
    concept(
        "pneumonia",
        "pneumonia",
        "pneumonia|bronchopneumonia|pneumonitis|pneumonic|pulmonary infection|lung infection|infectious process"
        "|infection|infectious infiltrate|infectious etiology|infectious consolidation|lower respiratory infection"
        "|aspiration|inflammatory infiltrate|airspace infection|parenchymal infection",
        parents="consolidation infiltrate",
        source=CHEXPERT,
        urgency="urgent",
    ),
    concept(
        "tuberculosis",
        "tuberculosis",
        "tuberculosis|tb|tuberculous disease|active tuberculosis|tuberculous infection|miliary tuberculosis|active tb"
        "|tuberculous",
        source=RADLEX,
        urgency="urgent",
    ),
    concept(
        "atelectasis",
        "atelectasis",
        "atelectasis|atelectatic|subsegmental atelectasis|discoid atelectasis|platelike atelectasis|lobar collapse"
        "|lung collapse|collapse|collapsed lung|collapsed lobe|atelectatic change|volume loss|loss of volume"
        "|loss of lung volume",
        parents="lung_opacity",
        source=CHEXPERT,
    ),
    concept(
        "edema",
        "pulmonary edema",
        "edema|pulmonary edema|interstitial edema|alveolar edema|chf|congestive heart failure|heart failure"
        "|vascular congestion|cardiac decompensation|pulmonary venous congestion|pulmonary vascular congestion"
        "|pulmonary congestion|kerley b line|fluid overload|volume overload|congestion|vascular engorgement"
        "|venous congestion|pulmonary venous hypertension|vascular redistribution|cephalization|congestive failure"
        "|failure|pulmonary vascular engorgement|congestive changes|vascular prominence|pulmonary vascular prominence",
        parents="lung_opacity",
        source=CHEXPERT,
        urgency="urgent",
        pairs="vessels~enlarged vessels~congested",
    ),
    concept(
        "lung_lesion",
        "lung lesion",
        "lesion|lung lesion|pulmonary lesion|nodular opacity|nodular density|coin lesion|focal lesion|cavitary lesion"
        "|cavity|cavitation|lung cavity|nodularity|nodular lesion|pulmonary metastasis",
        parents="lung_opacity",
        source=CHEXPERT,
    ),
    concept(
        "nodule",
        "nodule",
        "nodule|pulmonary nodule|lung nodule|micronodule|noncalcified nodule|nodular",
        parents="lung_lesion",
        source=FLEISCHNER,
        urgency="urgent",
    ),
    concept(
        "mass",
        "mass",
        "mass|lung mass|pulmonary mass|masslike opacity|mass like opacity|mass lesion|mass like density"
        "|masslike density|masslike consolidation|hilar mass|mediastinal mass",
        parents="lung_lesion",
        source=FLEISCHNER,
        urgency="urgent",
    ),
    concept(
        "granuloma",
        "granuloma",
        "granuloma|granulomata|calcified granuloma|calcified nodule|granulomatous disease|granulomatous process"
        "|granulomatous infection|granulomatous change|calcified pulmonary nodule|calcified lung nodule|histoplasmosis"
        "|granulomatous calcification|calcified density|ghon complex|granulomatous residual|granulomatous sequela"
        "|granulomatous",
        source=OPENI,
    ),
    concept(
        "calcification",
        "calcification",
        "calcification|calcified|calcific density|calcinosis|calcific|calcified lymph node|calcified hilar node"
        "|calcified node|calcified hilar lymph node|calcified mediastinal lymph node|calcified adenopathy"
        "|calcified mediastinal node|calcific focus|calcified focus",
        source=OPENI,
    ),
    concept(
        "scarring",
        "scarring",
        "scarring|scar|cicatrix|parenchymal scarring|pleural parenchymal scarring|fibrotic change|fibrotic scar"
        "|pleuroparenchymal scarring|scarred|linear scarring|parenchymal scar|pleural scarring|fibrotic stranding"
        "|stranding",
        source=OPENI,
    ),
    concept(
        "interstitial_markings",
        "interstitial markings",
        "interstitial marking|increased interstitial marking|prominent interstitial marking|interstitial opacity"
        "|interstitial pattern|interstitial prominence|interstitial change|interstitial thickening|reticular opacity"
        "|reticular pattern|reticular marking|reticulation|reticulonodular opacity|reticulonodular pattern"
        "|interstitial|interstitial process|increased marking|prominent marking|bronchovascular marking"
        "|peribronchial cuffing|bronchovascular crowding|crowding of the bronchovascular marking"
        "|peribronchial thickening|interstitial abnormality|bronchial wall thickening|lung marking"
        "|prominent lung marking|coarsened interstitial marking|vascular crowding"
        "|crowding of bronchovascular structure|crowding of the bronchovascular structure|interstitial density"
        "|prominence of the interstitial marking|prominent interstitium|interstitial disease|central airway thickening",
        parents="lung_opacity",
        source=CHEXPERT,
    ),
    concept(
        "interstitial_lung_disease",
        "interstitial lung disease and fibrosis",
        "interstitial lung disease|pulmonary fibrosis|fibrosis|interstitial fibrosis|idiopathic pulmonary fibrosis|ild"
        "|uip|honeycombing|chronic interstitial lung disease|chronic interstitial disease|interstitial pneumonitis"
        "|sarcoidosis|chronic lung disease|pneumoconiosis|asbestosis|silicosis",
        parents="interstitial_markings",
        source=FLEISCHNER,
    ),
    concept(
        "bronchiectasis",
        "bronchiectasis",
        "bronchiectasis|bronchiectatic|bronchiectatic change|tram track opacity|bronchial dilatation",
        source=FLEISCHNER,
    ),
    concept(
        "bronchitis",
        "bronchitis",
        "bronchitis|chronic bronchitis|bronchitic change|bronchiolitis|airway inflammation|reactive airways disease"
        "|reactive airway disease|small airways disease|asthma",
        source=RADLEX,
    ),
    concept(
        "emphysema",
        "emphysema, COPD and hyperinflation",
        "emphysema|emphysematous|emphysematous change|copd|chronic obstructive pulmonary disease"
        "|obstructive lung disease|chronic obstructive lung disease|obstructive disease|hyperinflation|hyperinflated"
        "|hyperexpansion|hyperexpanded|hyperaeration|hyperaerated|hyperlucent|hyperlucency|hyperdistention"
        "|air trapping|overinflation|overinflated|bullous disease|bulla|bleb|bullous emphysema|bullous change"
        "|hyper expanded|hyper inflated|obstructive pulmonary disease|flattened diaphragm|flattening of the diaphragm"
        "|increased retrosternal airspace|overexpanded|overexpansion|hyperdistended|centrilobular emphysema"
        "|retrosternal airspace|large lung volumes|increased lung volumes",
        source=FLEISCHNER,
        pairs="diaphragm~flattened lungs~hyperexpanded",
    ),
    concept(
        "low_lung_volumes",
        "low lung volumes",
        "low lung volume|lower lung volume|low volume|hypoinflation|hypoinflated|hypoventilation"
        "|hypoventilatory change|hypoaeration|hypoexpansion|poor inspiration|shallow inspiration"
        "|poor inspiratory effort|low inspiratory volume|diminished lung volume|decreased lung volume"
        "|reduced lung volume|underinflation|underinflated|hypoexpanded|small lung volume|hypoventilated"
        "|low inspiratory lung volume|decreased inspiratory effort|shallow lung volume|hypoaerated",
        source=OPENI,
        pairs="lung_volumes~low",
    ),
    concept(
        "lucency",
        "lucency",
        "lucency|lucent|radiolucency|lytic lesion|lucent lesion|abnormal lucency",
        source=OPENI,
    ),
    # pleura
    concept(
        "pleural_effusion",
        "pleural effusion",
        "pleural effusion|effusion|pleural fluid|hydrothorax|hemothorax|haemothorax|empyema|fluid in the pleural space"
        "|subpulmonic effusion|layering effusion|parapneumonic effusion|fluid collection in the pleural space"
        "|pleural fluid collection|layering fluid|fluid in the fissure|fissural fluid|hydropneumothorax"
        "|pleural collection",
        source=CHEXPERT,
        urgency="urgent",
    ),
    concept(
        "blunted_angle",
        "blunted costophrenic angle",
        "costophrenic angle blunting|blunted costophrenic angle|blunted costophrenic sulcus"
        "|costophrenic sulcus blunting|costophrenic blunting|blunting",
        source=OPENI,
        pairs="angles~blunted",
    ),
    concept(
        "pneumothorax",
        "pneumothorax",
        "pneumothorax|ptx|pneumothoraces|hydropneumothorax|apical pneumothorax|visible pleural line",
        source=CHEXPERT,
        urgency="critical",
    ),
    concept(
        "tension_pneumothorax",
        "tension pneumothorax",
        "tension pneumothorax|tension hydropneumothorax|tension physiology|signs of tension|evidence of tension"
        "|tension component",
        parents="pneumothorax",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "pleural_other",
        "pleural thickening and plaques",
        "pleural thickening|thickening of the pleura|pleural plaque|pleural scar|fibrothorax|apical capping|apical cap"
        "|pleural capping|apical pleural capping|pleural calcification|pleural disease|pleural abnormality"
        "|calcified pleural plaque|pleural based density|pleural parenchymal thickening|pleural reaction"
        "|apical thickening|apical pleural thickening|pleural irregularity|fissural thickening|pleural based opacity"
        "|pleural mass|pleural parenchymal irregularity",
        source=CHEXPERT,
        pairs="pleura~thickened",
    ),
    concept(
        "pneumomediastinum",
        "pneumomediastinum",
        "pneumomediastinum|mediastinal air|mediastinal emphysema|pneumopericardium|air in the mediastinum",
        source=FLEISCHNER,
        urgency="critical",
    ),
    concept(
        "subcutaneous_emphysema",
        "subcutaneous emphysema",
        "subcutaneous emphysema|subcutaneous air|subcutaneous gas|soft tissue emphysema|soft tissue gas"
        "|soft tissue air",
        source=RADLEX,
        urgency="urgent",
    ),
)
